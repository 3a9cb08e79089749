select no_plan();

set local role pylayer_agent;
select is(iam.has_api_keys(), false, 'none at first');
reset role;
insert into iam.api_keys (name, prefix, key_hash, role, scopes, expires_at)
values ('old', 'pyl_old', repeat('b', 64), 'pylayer_agent', '{}', now());
select is(iam.has_api_keys(), false, 'an expired one does not count');
select iam.create_api_key('gone', 'pyl_gone', repeat('c', 64));
select is(iam.has_api_keys(), true, 'one that is neither expired nor revoked');
select iam.revoke_api_key('pyl_gone');
select is(iam.has_api_keys(), false, 'nor does a revoked one');
select iam.create_api_key('ci', 'pyl_good', repeat('a', 64), p_expires_at => '2999-01-01');

set local role pylayer_agent;
select is(iam.has_api_keys(), true, 'an agent may ask');
set local role pylayer_analyst;
select is(iam.has_api_keys(), true, 'an analyst may');
set local role pylayer_auditor;
select is(iam.has_api_keys(), true, 'an auditor may');
set local role pylayer_admin;
select is(iam.has_api_keys(), true, 'an admin may');

select * from finish();
