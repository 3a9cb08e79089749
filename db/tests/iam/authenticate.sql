select no_plan();

create temporary table made as
select * from iam.create_api_key('ci', 'pyl_good', repeat('a', 64), p_scopes => '{events:write}', p_expires_at => '2999-01-01 00:00:00+00');
insert into iam.api_keys (name, prefix, key_hash, role, scopes, expires_at)
values ('old', 'pyl_old', repeat('b', 64), 'pylayer_agent', '{}', now());
select iam.create_api_key('gone', 'pyl_gone', repeat('c', 64));
select iam.revoke_api_key('pyl_gone');
grant select on made to public;

-- All that an error says.
create function pg_temp.told(p_hash text) returns text language plpgsql as $$
declare
  v_reason text;
  v_detail text;
  v_hint text;
begin
  perform iam.authenticate(p_hash);
  return 'accepted';
exception when others then
  get stacked diagnostics v_reason = constraint_name, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
  return concat_ws('|', sqlstate, v_reason, sqlerrm, v_detail, v_hint);
end
$$;

create function pg_temp.checks() returns setof text language plpgsql as $$
begin
  return next is(
    (select (a.key_id, a.role, a.scopes, a.expires_at)::text from iam.authenticate(repeat('a', 64)) as a),
    (select (m.key_id, 'pylayer_agent', '{events:write}'::text[], m.expires_at)::text from made as m), current_user || ': who it is'
  );
  return next alike(pg_temp.told(repeat('b', 64)), 'PT401|invalid_key|%', current_user || ': expired');
  return next is(pg_temp.told(repeat('c', 64)), pg_temp.told(repeat('b', 64)), current_user || ': revoked, told as expired');
  return next is(pg_temp.told(repeat('d', 64)), pg_temp.told(repeat('b', 64)), current_user || ': unknown, told alike');
  return next is(pg_temp.told(''), pg_temp.told(repeat('b', 64)), current_user || ': no hash, told alike');
  return next is(pg_temp.told(null), pg_temp.told(repeat('b', 64)), current_user || ': null, told alike');
end
$$;
set local role pylayer_agent;
select pg_temp.checks();
set local role pylayer_analyst;
select pg_temp.checks();
set local role pylayer_auditor;
select pg_temp.checks();
set local role pylayer_admin;
select pg_temp.checks();
reset role;

-- Use is noted once a minute; a use that is refused is not.
create function pg_temp.used(p_name text) returns timestamptz language sql as $$
  select k.last_used_at from iam.list_api_keys(true) as k where k.name = p_name
$$;
create temporary table before as select pg_temp.used('ci') as at;
select ok(b.at > now(), 'use is noted') from before as b;
select iam.authenticate(repeat('a', 64));
select is(pg_temp.used('ci'), (select at from before), 'not again within a minute');
update iam.api_keys set last_used_at = clock_timestamp() - interval '61 seconds' where name = 'ci';
select iam.authenticate(repeat('a', 64));
select ok(pg_temp.used('ci') > (select at from before), 'again after it');
select is(pg_temp.used('old'), null, 'no use of an expired key');
select is(pg_temp.used('gone'), null, 'nor of a revoked one');

-- A standby, or a transaction that only reads, authenticates too.
update iam.api_keys set last_used_at = '2026-01-01' where name = 'ci';
set transaction_read_only = on;
select is((select a.role from iam.authenticate(repeat('a', 64)) as a), 'pylayer_agent', 'where nothing can be written');

select * from finish();
