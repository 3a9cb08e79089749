-- The versions that a selector means: from one on, below another, each as {major, minor, patch}.
--
-- Parameters: p_selector: latest; 1.2.3, that one; ^1.2, ^1, ^0.2.3: up to the next change that breaks (the left-most
--             number that is not 0 stays); ~1.2, ~1.2.3: the same major and minor.
-- Returns:    p_from, included; p_below, excluded.
-- Errors:     PT400 invalid_version.
create or replace function work.version_bounds(p_selector text, out p_from integer[], out p_below integer[])
returns record
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_given integer[];
  v_kept integer := 3;  -- how many of the numbers stay
begin
  if p_selector = 'latest' then
    p_from := array[0, 0, 0];
    p_below := array[2147483647, 0, 0];
    return;
  end if;
  if p_selector is null or p_selector !~ '^([~^]\d{1,9}([.]\d{1,9}){0,2}|\d{1,9}[.]\d{1,9}[.]\d{1,9})$' then
    raise exception using
      errcode = 'PT400', message = 'this selects no version', constraint = 'invalid_version',
      detail = coalesce(left(p_selector, 64), 'null'), hint = 'use latest, 1.2.3, ^1.2 or ~1.2';
  end if;
  v_given := string_to_array(ltrim(p_selector, '~^'), '.')::integer[];
  p_from := v_given || array_fill(0, array[3 - cardinality(v_given)]);
  if left(p_selector, 1) = '^' then
    v_kept := case when p_from[1] > 0 then 1 when p_from[2] > 0 then 2 else 3 end;
    v_kept := least(v_kept, cardinality(v_given));
  elsif left(p_selector, 1) = '~' then
    v_kept := least(2, cardinality(v_given));
  end if;
  p_below := p_from[:v_kept - 1] || (p_from[v_kept] + 1) || array_fill(0, array[3 - v_kept]);
end
$$;
comment on function work.version_bounds(text) is 'The versions that a selector such as ^1.2 means';
alter function work.version_bounds(text) owner to pylayer_api;
revoke all on function work.version_bounds(text) from public;
