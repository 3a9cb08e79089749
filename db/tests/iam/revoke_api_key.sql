select no_plan();

create temporary table made as select * from iam.create_api_key('ci', 'pyl_12345678', repeat('a', 64));
select iam.create_api_key('other', 'pyl_other', repeat('b', 64));
grant select on made to public;
set local role pylayer_admin;

create temporary table revoked as select * from iam.revoke_api_key('pyl_12345678');
select ok(r.revoked_at >= m.created_at and r.key_id = m.key_id, 'by prefix') from revoked as r, made as m;
select is(tap.outcome($$select iam.authenticate(repeat('a', 64))$$), 'PT401 invalid_key', 'it is refused');
select is((select k.revoked_at from iam.revoke_api_key((select key_id from made)) as k), (select revoked_at from revoked), 'a repeat, by id, keeps the time');
select is(tap.outcome($$select iam.authenticate(repeat('b', 64))$$), 'accepted', 'no other is');

select is(tap.outcome($$select iam.revoke_api_key('nobody')$$), 'PT404 no_key', 'an unknown key');
select is(tap.outcome($$select iam.revoke_api_key(null)$$), 'PT404 no_key', 'no key');
select is(tap.outcome($$select iam.revoke_api_key(repeat('b', 64))$$), 'PT404 no_key', 'a hash is no name of a key');

set local role pylayer_agent;
select is(tap.outcome($$select iam.revoke_api_key('pyl_other')$$), '42501', 'an agent does not');
set local role pylayer_analyst;
select is(tap.outcome($$select iam.revoke_api_key('pyl_other')$$), '42501', 'nor does an analyst');

select * from finish();
