select no_plan();
set local role pylayer_agent;
create temporary table made as
select concat(tap.put('t', '1', null, 'alpha', '{"step": 1}'), tap.put('t', '2', '1', 'alpha', '{"step": 2, "more": {"a": 1}}'), tap.put('t', '3', '2', 'beta'),
  tap.put('t', '9', null, null, '{}', 'sub'), tap.put('u', '2')) as outcomes;

create function pg_temp.listed(p_more text) returns text language plpgsql as $$
declare
  v_ids text;
begin
  execute 'select string_agg(c.entry ->> ''checkpoint_id'', '' '' order by c.nth) from work.list_checkpoints(' || p_more
    || ') as l, jsonb_array_elements(l.checkpoints) with ordinality as c (entry, nth)' into v_ids;
  return v_ids;
end
$$;
select is(pg_temp.listed(''), '9 3 2 2 1', 'all, the latest first');
select is(pg_temp.listed('''t'''), '9 3 2 1', 'of a thread');
select is(pg_temp.listed('''t'', '''''), '3 2 1', 'of a namespace');
select is(pg_temp.listed('''t'', ''sub'''), '9', 'of another');
select is(pg_temp.listed('''t'', '''', p_limit => 1'), '3', 'the latest');
select is(pg_temp.listed('''t'', '''', ''2'', p_limit => 1'), '2', 'of an id');
select is(pg_temp.listed('''t'', '''', ''25'', p_limit => 1'), null, 'of an id between two');
select is(pg_temp.listed('''t'', p_checkpoint_id => ''9'''), '9', 'of an id in any namespace');
select is(pg_temp.listed('''none'', '''', p_limit => 1'), null, 'of no thread');
select is(pg_temp.listed('''none'''), null, 'of no thread, all');
select is(pg_temp.listed('p_filter => ''{"more": {"a": 1}}'''), '2', 'by metadata');
select is(pg_temp.listed('''t'', '''', p_filter => ''{"step": 1}'', p_limit => 1'), '1', 'by metadata in a thread');
select is(pg_temp.listed('''t'', '''', p_before => ''3'''), '2 1', 'before one');
select is(pg_temp.listed('''t'', '''', p_before => ''3'', p_limit => 1'), '2', 'the last before one');
select is(pg_temp.listed(format('p_limit => 2, p_after => %L', (select l.checkpoints -> 1 -> 'cursor' from work.list_checkpoints(p_limit => 2) as l))), '2 2', 'a page after one');
select is((select jsonb_array_length(l.blobs) from work.list_checkpoints('t') as l), 2, 'each blob once');
select is((select convert_from(l.data, 'UTF8') from work.list_checkpoints('t') as l), 'alphabeta', 'their bytes');
select is(
  (select (l.checkpoints -> 0) - 'cursor' from work.list_checkpoints('t', '', '2') as l),
  jsonb_build_object(
    'thread_id', 't', 'checkpoint_ns', '', 'checkpoint_id', '2', 'parent_checkpoint_id', '1',
    'checkpoint', '{"v": 4, "channel_versions": {"c": 1}}'::jsonb, 'metadata', '{"step": 2, "more": {"a": 1}}'::jsonb,
    'channel_values', (select jsonb_build_object('c', l.blobs -> 0 -> 0) from work.list_checkpoints('t', '', '2') as l), 'writes', '[]'::jsonb
  ), 'all of it'
);
select is((select (l.checkpoints, l.blobs, l.data)::text from work.list_checkpoints('none') as l), '([],[],"\\x")', 'one row, also of nothing');

select is(tap.outcome('select work.list_checkpoints(p_limit => 0)'), 'PT400 invalid_limit', 'no row');
select is(tap.outcome('select work.list_checkpoints(p_limit => 101)'), 'PT400 invalid_limit', 'many rows');
select is(tap.outcome('select work.list_checkpoints(p_limit => null)'), 'PT400 invalid_limit', 'any number');
select is(tap.outcome('select work.list_checkpoints(p_after => ''{}'')'), 'PT400 invalid_cursor', 'no cursor');
select is(tap.outcome('select work.list_checkpoints(p_after => ''["1", "x", ""]'')'), 'PT400 invalid_cursor', 'another one');
set local role pylayer_analyst;
select is(pg_temp.listed('''t'', '''''), '3 2 1', 'an analyst reads');
select * from finish();
