select no_plan();

select iam.save_user(u.name) from unnest(array['carl', 'ada', 'bob', 'dan']) as u (name);
update iam.users set deleted_at = now() where username = 'bob';
set local role pylayer_agent;
select is((select string_agg(u.username, ' ') from iam.list_users() as u), 'ada carl dan', 'by username, without those that were removed');
select is((select string_agg(u.username, ' ') from iam.list_users(1, 'ada') as u), 'carl', 'a page');
select is_empty($$select iam.list_users(p_after => 'dan')$$, 'the end');
select is(tap.outcome('select iam.list_users(0)'), 'PT400 invalid_limit', 'no limit');
select is(tap.outcome('select iam.list_users(1001)'), 'PT400 invalid_limit', 'a large limit');
set local role pylayer_analyst;
select is(tap.outcome('select iam.list_users()'), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome('select iam.list_users()'), 'accepted', 'pylayer_auditor may');

select * from finish();
