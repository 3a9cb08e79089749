select no_plan();

select iam.create_api_key('ci', 'pyl_good', repeat('a', 64), p_expires_at => '2999-01-01');
select iam.create_api_key('gone', 'pyl_gone', repeat('c', 64));
select iam.revoke_api_key('pyl_gone');
create temporary table attempt (statement text);
insert into attempt values
  ('update iam.api_keys set key_id = core.new_ulid() where name = ''ci'''),
  ('update iam.api_keys set name = ''other'' where name = ''ci'''),
  ('update iam.api_keys set prefix = ''other'' where name = ''ci'''),
  ('update iam.api_keys set key_hash = repeat(''d'', 64) where name = ''ci'''),
  ('update iam.api_keys set role = ''pylayer_admin'' where name = ''ci'''),
  ('update iam.api_keys set scopes = ''{}'' where name = ''ci'''),
  ('update iam.api_keys set created_at = now() where name = ''ci'''),
  ('update iam.api_keys set expires_at = null where name = ''ci'''),
  ('update iam.api_keys set revoked_at = null where name = ''gone'''),
  ('update iam.api_keys set revoked_at = now() + interval ''1 day'' where name = ''gone'''),
  ('delete from iam.api_keys'),
  ('truncate iam.api_keys');
grant select on attempt to public;
create function pg_temp.outcomes() returns table (statement text, outcome text) language sql volatile as $$
  select a.statement, tap.outcome(a.statement) from attempt as a
$$;

select is_empty($$select * from pg_temp.outcomes() where outcome <> 'PT403 append_only'$$, 'a superuser');
set local role pylayer_owner;
select is_empty($$select * from pg_temp.outcomes() where outcome <> 'PT403 append_only'$$, 'the owner');
reset role;
set local session_replication_role = replica;
select is_empty($$select * from pg_temp.outcomes() where outcome <> 'PT403 append_only'$$, 'a superuser as replica');
set local session_replication_role = origin;

create function pg_temp.by(p_role text, p_sql text) returns text language plpgsql as $$
declare
  v_outcome text;
begin
  execute format('set local role %I', p_role);
  v_outcome := tap.outcome(p_sql);
  reset role;
  return v_outcome;
end
$$;
select is(pg_temp.by(r.role, a.statement), '42501', format('%s: %s', r.role, a.statement))
from attempt as a, unnest(array['pylayer_admin', 'pylayer_agent', 'pylayer_analyst', 'pylayer_auditor']) as r (role);
select is(pg_temp.by(r.role, q.statement), '42501', format('%s: %s', r.role, q.statement))
from unnest(array['pylayer_admin', 'pylayer_agent', 'pylayer_analyst', 'pylayer_auditor']) as r (role),
  (values
    ('select key_hash from iam.api_keys'),
    ('select key_id from iam.api_keys'),
    ('select count(*) from iam.api_keys'),
    ('insert into iam.api_keys (name, prefix, key_hash, role, scopes) values (''x'', ''xxxx'', repeat(''e'', 64), ''pylayer_admin'', ''{}'')')
  ) as q (statement);
select is(pg_temp.by('pylayer_api', a.statement), '42501', format('pylayer_api: %s', a.statement))
from attempt as a where a.statement !~ 'revoked_at';

-- What no function lets in, the table does not either.
select is(tap.outcome(format(
  'insert into iam.api_keys (name, prefix, key_hash, role, scopes, expires_at) values (%s)', v.row
)), '23514 ' || v.reason, v.reason)
from (values
  ($$' ', 'xxxx', repeat('e', 64), 'pylayer_agent', '{}', null$$, 'api_keys_name_check'),
  ($$'x', '01ARZ3NDEKTSV4RRFFQ69G5FAV', repeat('e', 64), 'pylayer_agent', '{}', null$$, 'api_keys_prefix_check'),
  ($$'x', 'xxxx', 'e', 'pylayer_agent', '{}', null$$, 'api_keys_key_hash_check'),
  ($$'x', 'xxxx', repeat('e', 64), 'pylayer_owner', '{}', null$$, 'api_keys_role_check'),
  ($$'x', 'xxxx', repeat('e', 64), 'pylayer_agent', '{all}', null$$, 'api_keys_scopes_check'),
  ($$'x', 'xxxx', repeat('e', 64), 'pylayer_agent', '{null}', null$$, 'api_keys_scopes_check'),
  ($$'x', 'xxxx', repeat('e', 64), 'pylayer_agent', '{}', 'infinity'$$, 'api_keys_expires_at_check')
) as v (row, reason);

select lives_ok('update iam.api_keys set last_used_at = now()', 'use may be noted');
select lives_ok('update iam.api_keys set revoked_at = now() where name = ''ci''', 'a key may be revoked');

select * from finish();
