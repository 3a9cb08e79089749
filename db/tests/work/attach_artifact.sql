select no_plan();

set local role pylayer_agent;
select work.create_item('task', 'x', p_item_id => 'T');
select work.create_artifact('report', 'one', 'text/plain', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'two', 'text/plain');
select is(
  (select (a.item_id, a.artifact_id, a.version, a.label, a.attached_by)::text from work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'log', 'ada') as a),
  '(T,01ARZ3NDEKTSV4RRFFQ69G5FAV,1,log,ada)', 'a version'
);
select is((select a.version from work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as a), 2, 'the latest');
select is((select a.label from work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'other') as a), 'log', 'one that was there is as it was');
select is(tap.outcome('select work.attach_artifact(''T'', ''01ARZ3NDEKTSV4RRFFQ69G5FAV'', 3)'), 'PT404 no_version', 'no such version');
select is(tap.outcome('select work.attach_artifact(''T'', ''01ARZ3NDEKTSV4RRFFQ69G5FAW'')'), 'PT404 no_artifact', 'no such artifact');
select is(tap.outcome('select work.attach_artifact(''T'', ''x'')'), 'PT400 invalid_artifact_id', 'an id that is none');
select is(tap.outcome('select work.attach_artifact(''none'', ''01ARZ3NDEKTSV4RRFFQ69G5FAV'')'), 'PT404 no_item', 'no such item');
select is(tap.outcome('select work.attach_artifact(''T'', ''01ARZ3NDEKTSV4RRFFQ69G5FAV'', 1, '''')'), 'PT400 invalid_label', 'an empty label');
select is(tap.outcome('select work.attach_artifact(''T'', ''01ARZ3NDEKTSV4RRFFQ69G5FAV'', p_actor => '''')'), 'PT400 invalid_context', 'an empty actor');
select is((select string_agg(a.version::text, ' ') from work.list_attachments('T') as a), '1 2', 'each once');

set local role pylayer_analyst;
select is(tap.outcome($$select work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), '42501', 'pylayer_auditor may not');

select * from finish();
