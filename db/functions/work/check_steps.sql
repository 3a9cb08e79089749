-- Refuses the steps of a definition that cannot be followed.
--
-- Parameters: p_steps, an array of at most 500 objects with name and, where a step has some, depends_on: an array of
--             the names of steps that come before it.
-- Errors:     PT422 invalid_steps, duplicate_step, unknown_dependency, step_cycle; PT413 value_limit.
create or replace function work.check_steps(p_steps jsonb) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_found text;
  v_left text[];
  v_next text[];
begin
  perform work.check_document(p_what => 'steps', p_value => p_steps);
  if p_steps is null or jsonb_typeof(p_steps) <> 'array' or jsonb_array_length(p_steps) > 500 or exists (
    select from jsonb_array_elements(p_steps) as s (step)
    where coalesce(jsonb_typeof(s.step -> 'name'), '') <> 'string'
      or octet_length(s.step ->> 'name') not between 1 and 500
      or coalesce(jsonb_typeof(s.step -> 'depends_on'), 'array') <> 'array'
      or jsonb_path_exists(s.step, 'strict $.depends_on[*] ? (@.type() != "string")', silent => true)
  ) then
    raise exception using
      errcode = 'PT422', message = 'the steps are not a list of named steps', constraint = 'invalid_steps',
      detail = coalesce(left(p_steps::text, 200), 'null'),
      hint = 'send up to 500 objects such as {"name": "test", "depends_on": ["build"]}';
  end if;
  select s.step ->> 'name' into v_found from jsonb_array_elements(p_steps) as s (step) group by 1 having count(*) > 1 limit 1;
  if found then
    raise exception using
      errcode = 'PT422', message = 'two steps have one name', constraint = 'duplicate_step', detail = v_found,
      hint = 'give each step a name of its own';
  end if;
  select format('%s depends on %s', s.step ->> 'name', d.name) into v_found
  from jsonb_array_elements(p_steps) as s (step)
  cross join jsonb_array_elements_text(s.step -> 'depends_on') as d (name)
  where not exists (select from jsonb_array_elements(p_steps) as o (step) where o.step ->> 'name' = d.name)
  limit 1;
  if found then
    raise exception using
      errcode = 'PT422', message = 'a step depends on a step that is not there', constraint = 'unknown_dependency',
      detail = v_found, hint = 'name a step of this definition';
  end if;
  -- Takes away, again and again, the steps all of whose dependencies are gone: what stays is in, or behind, a cycle.
  v_left := array(select s.step ->> 'name' from jsonb_array_elements(p_steps) as s (step));
  loop
    v_next := array(
      select s.step ->> 'name' from jsonb_array_elements(p_steps) as s (step)
      where s.step ->> 'name' = any(v_left) and s.step -> 'depends_on' ?| v_left
    );
    exit when cardinality(v_next) in (0, cardinality(v_left));
    v_left := v_next;
  end loop;
  if cardinality(v_next) > 0 then
    raise exception using
      errcode = 'PT422', message = 'steps depend on each other in a circle', constraint = 'step_cycle',
      detail = left(array_to_string(v_next, ', '), 500), hint = 'take one of the dependencies away';
  end if;
end
$$;
comment on function work.check_steps(jsonb) is
'Refuses a definition whose steps have no unique names, unknown dependencies or a cycle';
alter function work.check_steps(jsonb) owner to pylayer_api;
revoke all on function work.check_steps(jsonb) from public;
