select no_plan();

create temporary table kept (id integer);
insert into kept values (1);
create trigger kept_rows before update or delete on kept for each row execute function core.forbid_mutation();
create trigger kept_all before truncate on kept for each statement execute function core.forbid_mutation();

select is(tap.outcome('update kept set id = 2'), 'PT403 append_only', 'no update');
select is(tap.outcome('delete from kept'), 'PT403 append_only', 'no delete');
select is(tap.outcome('truncate kept'), 'PT403 append_only', 'no truncate');
select is(tap.outcome('merge into kept using (values (1)) as v (id) on kept.id = v.id when matched then delete'),
  'PT403 append_only', 'no merge');
select is(tap.outcome('insert into kept values (2)'), 'accepted', 'new rows are welcome');

select * from finish();
