select no_plan();

set local role pylayer_admin;
select is_empty('select * from iam.list_api_keys()', 'none at first');
select iam.create_api_key('first', 'one1', repeat('1', 64));
select iam.create_api_key('second', 'two2', repeat('2', 64), 'pylayer_analyst');
select iam.revoke_api_key('one1');
reset role;
insert into iam.api_keys (name, prefix, key_hash, role, scopes, expires_at)
values ('third', 'three', repeat('3', 64), 'pylayer_agent', '{}', now());
set local role pylayer_admin;

select results_eq('select name from iam.list_api_keys()', array['second', 'third'], 'in order, expired ones too');
select results_eq('select name from iam.list_api_keys(true)', array['first', 'second', 'third'], 'and revoked ones');
select results_eq('select name from iam.list_api_keys(null)', array['second', 'third'], 'null is no');
select is(
  (select string_agg(a.attname, ' ' order by a.attnum) from pg_attribute as a where a.attrelid = 'iam.api_key_info'::regclass),
  'key_id name prefix role scopes created_at expires_at revoked_at last_used_at', 'no hash'
);

set local role pylayer_agent;
select is(tap.outcome('select iam.list_api_keys()'), '42501', 'an agent does not');
set local role pylayer_analyst;
select is(tap.outcome('select iam.list_api_keys()'), '42501', 'nor does an analyst');

select * from finish();
