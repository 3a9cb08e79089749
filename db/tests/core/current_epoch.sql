select no_plan();

create temporary table before as select s.epoch, s.system_identifier, s.updated_at from core.settings as s;

select is(core.current_epoch(), (select epoch from before), 'the epoch of this cluster');
select is((select updated_at from core.settings), (select updated_at from before), 'asking changes nothing');

update core.settings set system_identifier = 1;
select is(core.current_epoch(), (select epoch + 1 from before), 'it advances in another cluster');
select is(core.current_epoch(), (select epoch + 1 from before), 'once');
select is((select system_identifier from core.settings), (select system_identifier from before), 'and knows the cluster');
select is((select epoch from core.settings), (select epoch + 1 from before), 'for good');

update core.settings set system_identifier = 2;
select is(
  (select array_agg(core.current_epoch()) from generate_series(1, 3)), array_fill((select epoch + 2 from before), array[3]),
  'many rows of one statement get one epoch'
);

select * from finish();
