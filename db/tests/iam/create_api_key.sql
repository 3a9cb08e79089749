select no_plan();

-- The outcome with which a key is made, its arguments changed.
create function pg_temp.made(p_more text, p_name text default 'ci', p_prefix text default 'pyl_12345678', p_hash text default repeat('a', 64))
returns text language sql volatile as $$
  select tap.outcome(format('select iam.create_api_key(%L, %L, %L %s)', p_name, p_prefix, p_hash, p_more))
$$;
set local role pylayer_admin;

select is(
  (select (k.name, k.prefix, k.role, k.scopes, k.expires_at, k.revoked_at, k.last_used_at)::text
   from iam.create_api_key('ci', 'pyl_12345678', repeat('a', 64)) as k),
  '(ci,pyl_12345678,pylayer_agent,"{artifacts:read,artifacts:write,events:read,events:write,models:read}",,,)', 'all that an agent may'
);
select ok(k.key_id ~ '^[0-9A-HJKMNP-TV-Z]{26}$' and k.created_at > now(), 'an id and a time')
from iam.create_api_key('ci', 'pyl_12345678', repeat('a', 64)) as k;
select is((select count(*) from iam.list_api_keys()), 1::bigint, 'a repeat makes no other');

select is(pg_temp.made('', p_name => 'other'), 'PT409 key_exists', 'the hash of another name');
select is(pg_temp.made(', p_role => ''pylayer_analyst'''), 'PT409 key_exists', 'of another role');
select is(pg_temp.made(', p_scopes => ''{}'''), 'PT409 key_exists', 'of other scopes');
select is(pg_temp.made(', p_expires_at => ''2999-01-01'''), 'PT409 key_exists', 'of another expiry');
select is(pg_temp.made('', p_prefix => 'pyl_other'), 'PT409 key_exists', 'of another prefix');
select is(pg_temp.made('', p_hash => repeat('b', 64)), 'PT409 key_exists', 'the prefix of another hash');
select is((select count(*) from iam.list_api_keys()), 1::bigint, 'none of these made one');

select is((select k.scopes from iam.create_api_key('n', 'none', repeat('1', 64), p_scopes => '{}') as k), '{}'::text[], 'no scope at all');
select is(
  (select k.scopes from iam.create_api_key('n', 'some', repeat('2', 64), p_scopes => '{models:read, events:write, models:read}') as k),
  array['events:write', 'models:read'], 'sorted, each once'
);
select is(
  (select k.scopes from iam.create_api_key('n', 'analyst', repeat('3', 64), 'pylayer_analyst') as k),
  array['artifacts:read', 'events:read', 'models:read'], 'all that an analyst may'
);
select is(
  (select k.scopes from iam.create_api_key('n', 'auditor', repeat('4', 64), 'pylayer_auditor') as k),
  array['artifacts:read', 'models:read'], 'all that an auditor may'
);
select is((select cardinality(k.scopes) from iam.create_api_key('n', 'admin', repeat('5', 64), 'pylayer_admin') as k), 5, 'all that an admin may');
select is(
  (select k.expires_at from iam.create_api_key('n', 'until', repeat('6', 64), p_expires_at => '2999-01-01 00:00:00+00') as k),
  '2999-01-01 00:00:00+00'::timestamptz, 'an expiry'
);

select is(pg_temp.made('', p_name => null), 'PT400 invalid_name', 'no name');
select is(pg_temp.made('', p_name => ' '), 'PT400 invalid_name', 'a blank name');
select is(pg_temp.made('', p_name => repeat('x', 201)), 'PT400 invalid_name', 'a long name');
select is(pg_temp.made('', p_prefix => null), 'PT400 invalid_prefix', 'no prefix');
select is(pg_temp.made('', p_prefix => 'abc'), 'PT400 invalid_prefix', 'a short prefix');
select is(pg_temp.made('', p_prefix => 'pyl 1234'), 'PT400 invalid_prefix', 'a prefix with a blank');
select is(pg_temp.made('', p_prefix => '01ARZ3NDEKTSV4RRFFQ69G5FAV'), 'PT400 invalid_prefix', 'a prefix that is an id');
select is(pg_temp.made('', p_hash => null), 'PT400 invalid_key_hash', 'no hash');
select is(pg_temp.made('', p_hash => repeat('A', 64)), 'PT400 invalid_key_hash', 'a hash in upper case');
select is(pg_temp.made('', p_hash => repeat('a', 64) || E'\n'), 'PT400 invalid_key_hash', 'a hash and a line end');
select is(pg_temp.made(', p_role => null'), 'PT400 invalid_role', 'no role');
select is(pg_temp.made(', p_role => ''pylayer_api'''), 'PT400 invalid_role', 'a role that no key has');
select is(pg_temp.made(', p_role => ''postgres'''), 'PT400 invalid_role', 'a superuser');
select is(pg_temp.made(', p_scopes => ''{events:delete}'''), 'PT400 invalid_scopes', 'an unknown scope');
select is(pg_temp.made(', p_scopes => ''{null}'''), 'PT400 invalid_scopes', 'a null scope');
select is(pg_temp.made(', p_role => ''pylayer_analyst'', p_scopes => ''{events:write}'''), 'PT400 invalid_scopes', 'a scope that the role cannot have');
select is(pg_temp.made(', p_expires_at => now()'), 'PT400 invalid_expiry', 'expired');
select is(pg_temp.made(', p_expires_at => ''infinity'''), 'PT400 invalid_expiry', 'never, said as a time');

-- Whoever sends the secret where its hash belongs does not find it in an error, which ends in logs.
create function pg_temp.told() returns text language plpgsql as $$
declare
  v_detail text;
begin
  perform iam.create_api_key('ci', 'pyl_secret', 'pyl_secretsecret');
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail;
  return v_detail || sqlerrm;
end
$$;
select unalike(pg_temp.told(), '%secret%', 'no error repeats a secret');

select iam.revoke_api_key('pyl_12345678');
select is(pg_temp.made(''), 'PT409 key_exists', 'a revoked key does not come back');

set local role pylayer_agent;
select is(pg_temp.made(', p_role => ''pylayer_admin'''), '42501', 'an agent makes none');
set local role pylayer_analyst;
select is(pg_temp.made(''), '42501', 'nor does an analyst');
set local role pylayer_auditor;
select is(pg_temp.made(''), '42501', 'nor an auditor');

select * from finish();
