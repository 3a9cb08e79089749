select no_plan();

select iam.save_user('ada', '{"email": "ada@example.org"}');
insert into iam.users (user_id, username) values ('01000000000000000000000000', 'x'), (core.new_ulid(), '01000000000000000000000000');
set local role pylayer_agent;
select is((select u.email from iam.get_user('ada') as u), 'ada@example.org', 'by username');
select is((select g.username from iam.get_user('ada') as u, iam.get_user(u.user_id) as g), 'ada', 'by id');
select is((select u.username from iam.get_user('01000000000000000000000000') as u), 'x', 'an id before a username');
select is(tap.outcome($$select iam.get_user('eve')$$), 'PT404 no_user', 'no such user');
select is(tap.outcome($$select iam.get_user(null)$$), 'PT404 no_user', 'none');
reset role;
update iam.users set deleted_at = now() where username = 'ada';
set local role pylayer_analyst;
select is(tap.outcome($$select iam.get_user('ada')$$), 'PT404 no_user', 'one that was removed');
set local role pylayer_auditor;
select is(tap.outcome($$select iam.get_user('x')$$), 'accepted', 'pylayer_auditor may');

select * from finish();
