select no_plan();

select is((select count(*) from core.settings), 1::bigint, 'one row');
select is(tap.outcome('insert into core.settings (singleton, retention_floor, system_identifier) values (false, repeat(''0'', 26), 1)'),
  '23514 settings_singleton_check', 'there is no other');
select is(tap.outcome('delete from core.settings'), 'PT403 append_only', 'the row is never deleted');
select is(tap.outcome('truncate core.settings'), 'PT403 append_only', 'nor truncated');

select is(tap.outcome('update core.settings set retention_floor = core.ulid_floor(to_timestamp(0))'), 'PT403 only_grows',
  'the floor never falls');
select is(tap.outcome('update core.settings set epoch = epoch + 1'), 'accepted', 'the epoch grows');
select is(tap.outcome('update core.settings set epoch = epoch - 1'), 'PT403 only_grows', 'and never falls');
select is(tap.outcome('update core.settings set max_ts_skew = interval ''2 days'''), 'accepted', 'the skew grows');
select is(tap.outcome('update core.settings set max_ts_skew = interval ''1 day'''), 'PT403 only_grows',
  'and never falls: readers would miss what was stored under the greater one');
set local session_replication_role = replica;
select is(tap.outcome('update core.settings set retention_floor = core.ulid_floor(to_timestamp(0))'), 'PT403 only_grows',
  'not even in a replica''s session');
set local session_replication_role = origin;

update core.settings set updated_at = '2000-01-01';
select is((select updated_at from core.settings), now(), 'a change is stamped');

set local role pylayer_admin;
select is(tap.outcome('update core.settings set months_ahead = 6'), 'accepted', 'an admin sets limits');
select is(tap.outcome('update core.settings set months_ahead = 0'), '23514 settings_months_ahead_check', 'within their bounds');
select is(tap.outcome('update core.settings set retention_floor = retention_floor'), '42501', 'but not the floor');
select is(tap.outcome('update core.settings set epoch = epoch'), '42501', 'nor the epoch');

select * from finish();
