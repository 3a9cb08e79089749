select no_plan();
create temporary table made as
select concat(tap.put('t', '1', null, 'one'), tap.put('t', '2', '1', 'two'), tap.put('t', '3', '2', 'three'), tap.put('u', '1', null, 'u'), tap.put('u', '2')) as outcomes;
create function pg_temp.retired() returns text language sql volatile as $$
  select string_agg(format('%s/%s', r.checkpoints, r.blobs), ' ') from work.retire_checkpoints() as r
$$;
create function pg_temp.keep(p_last integer, p_days integer) returns void language sql volatile as $$
  update core.settings set checkpoint_keep_last = p_last, checkpoint_keep_days = p_days
$$;
update work.checkpoints as c set created_at = now() - interval '10 days' where c.checkpoint_id = '1';
set local role pylayer_admin;

select is(pg_temp.retired(), '0/0', 'without a setting nothing');
select is((select r.last_thread from work.retire_checkpoints() as r), null, 'and at once');
select pg_temp.keep(2, null);
select is((select r.checkpoints from work.retire_checkpoints(p_limit => 1) as r), 1::bigint, 'all but the last two, of one thread');
select ok((select r.last_thread from work.retire_checkpoints(p_limit => 1) as r) is not null, 'there may be more');
select is(pg_temp.retired(), '0/0', 'a repeat');
select pg_temp.keep(null, 5);
select is(pg_temp.retired(), '1/1', 'those that are old');
select pg_temp.keep(1, 5);
select is(pg_temp.retired(), '0/0', 'the young stay beyond the last');
select pg_temp.keep(1, null);
select is(pg_temp.retired(), '1/1', 'but not without days');
select is((select r.last_thread from work.retire_checkpoints(p_after => 9223372036854775807) as r), null, 'after the last thread');
select is(tap.outcome('select work.retire_checkpoints(p_limit => 0)'), 'PT400 invalid_limit', 'no thread');
select is(tap.outcome('update core.settings set checkpoint_keep_last = 0'), '23514 settings_checkpoint_keep_last_check', 'keep none');
set local role pylayer_agent;
select is(tap.outcome('select work.retire_checkpoints()'), '42501', 'an agent may not');
select is(tap.checkpoint_ids('t') || tap.checkpoint_ids('u'), '32', 'the latest stay');
select * from finish();
