select no_plan();

select work.save_project('web');
select work.create_item('task', 'Fix the login form', '{"description": "It crashes on empty passwords", "project_id": "web"}', 'T1');
select work.create_item('bug', 'Crashing reports', p_item_id => 'T2');
select work.create_item('task', 'Other', p_item_id => 'T3');
create temporary table note as select c.comment_id from work.add_comment('T3', 'The login is slow when reports run') as c;
grant select on note to public;
set local role pylayer_agent;
create function pg_temp.found(p_query text, p_more text default '') returns text language plpgsql as $$
declare
  v_ids text;
begin
  execute format('select string_agg(i.item_id, '' '') from work.search_items(%L %s) as i', p_query, p_more) into v_ids;
  return v_ids;
end
$$;
select is(pg_temp.found('login'), 'T1 T3', 'a title before a comment');
select is(pg_temp.found('crash'), 'T2 T1', 'a title before a description, by its stem');
select is(pg_temp.found('login reports'), 'T3', 'all words in one text');
select is(pg_temp.found('login -slow'), 'T1', 'without a word');
select is(pg_temp.found('"login form" or reports'), 'T1 T2 T3', 'a phrase, or a word');
select is(pg_temp.found('login', ', p_project_id => ''web'''), 'T1', 'of a project');
select is(pg_temp.found('crash', ', p_item_type => ''bug'''), 'T2', 'of a type');
select is(pg_temp.found('login', ', p_limit => 1'), 'T1', 'the best');
select is(tap.outcome('select work.search_items(''the'')'), 'PT400 invalid_query', 'words that say nothing');
select is(tap.outcome('select work.search_items(''  '')'), 'PT400 invalid_query', 'blanks');
select is(tap.outcome('select work.search_items(''-login'')'), 'PT400 invalid_query', 'only what is not wanted');
select is(pg_temp.found('''); drop table "'), null, 'whatever stands there');
select is(
  (select (i.snippet, i.comment_id = n.comment_id, i.rank > 0)::text from work.search_items('slow') as i cross join note as n),
  '("login is **slow** when reports",t,t)', 'the text that matched'
);
select is(tap.outcome('select work.search_items(null)'), 'PT400 invalid_query', 'nothing');
select is(tap.outcome('select work.search_items('''')'), 'PT400 invalid_query', 'empty');
select is(tap.outcome('select work.search_items(repeat(''x'', 1001))'), 'PT400 invalid_query', 'long');
select is(tap.outcome('select work.search_items(''x'', p_limit => 201)'), 'PT400 invalid_limit', 'a large limit');
select work.update_item('T1', '{"title": "Repair the form"}');
select is(pg_temp.found('login'), 'T3', 'as the item says now');
select work.delete_comment(n.comment_id) from note as n;
select is(pg_temp.found('login'), null, 'a comment that was removed is not found');
select is((select i.snippet from work.search_items('repair') as i), E'**Repair** the form\nIt crashes on empty passwords', 'title and description');

set local role pylayer_analyst;
select is(tap.outcome($$select work.search_items('login')$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.search_items('login')$$), 'accepted', 'pylayer_auditor may');

select * from finish();
