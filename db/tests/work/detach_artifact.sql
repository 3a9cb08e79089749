select no_plan();

set local role pylayer_agent;
select work.create_item('task', 'x', p_item_id => 'T');
select work.create_artifact('report', 'one', 'text/plain', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'two', 'text/plain');
select work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'log');
select work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 2);
create function pg_temp.attached() returns text language sql volatile as $$
  select string_agg(a.version::text, ' ') from work.list_attachments('T') as a
$$;
select ok(work.detach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 1), 'a version');
select ok(not work.detach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 1), 'once');
select is(pg_temp.attached(), '2', 'the other stays');
select is((select a.label from work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'other') as a), 'log', 'attached again as it was');
select is(pg_temp.attached(), '1 2', 'both');
select ok(work.detach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV'), 'every version');
select is(pg_temp.attached(), null, 'none');
select ok(not work.detach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAW'), 'one that never was');
select ok(not work.detach_artifact('T', null), 'no artifact');
select is(tap.outcome($$select work.detach_artifact('none', '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), 'PT404 no_item', 'no such item');
reset role;
select is((select count(*) from work.attachments as a where a.detached_at is not null), 2::bigint, 'the rows stay');

set local role pylayer_analyst;
select is(tap.outcome($$select work.detach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.detach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), '42501', 'pylayer_auditor may not');

select * from finish();
