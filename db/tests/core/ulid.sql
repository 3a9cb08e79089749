select no_plan();

select is(core.ulid_time('01ARZ3NDEKTSV4RRFFQ69G5FAV'), timestamptz '2016-07-30 23:54:10.259+00', 'the time of a known ULID');
select is(core.ulid_time('00000000000000000000000000'), timestamptz '1970-01-01 00:00:00+00', 'the least time');
select is(extract(epoch from core.ulid_time('7ZZZZZZZZZZZZZZZZZZZZZZZZZ')) * 1000, 281474976710655::numeric, 'the greatest time, exactly');
select is(core.ulid_floor('2016-07-30 23:54:10.259+00'), '01ARZ3NDEK0000000000000000', 'the floor of a time');
select is(core.ulid_floor('2016-07-30 23:54:10.259999+00'), '01ARZ3NDEK0000000000000000', 'microseconds are cut off');
select is(core.ulid_floor(to_timestamp(0)), '00000000000000000000000000', 'the least floor');
select is(core.ulid_floor('10889-08-02 05:31:50.655+00'), '7ZZZZZZZZZ0000000000000000', 'the greatest floor');

select is_empty(
  $$select t from generate_series(timestamptz '1970-01-01', '2100-01-01', interval '97 days 13 hours 7.123 seconds') as g (t)
    where core.ulid_time(core.ulid_floor(t)) is distinct from date_trunc('milliseconds', t)$$,
  'the time of a floor is the time, to the millisecond'
);
select is_empty(
  $$select t from generate_series(timestamptz '2020-01-01', '2030-01-01', interval '11 hours 0.007 seconds') as g (t)
    where core.ulid_floor(t + interval '1 millisecond') collate "C" <= core.ulid_floor(t) collate "C"$$,
  'floors are in the order of time'
);

select matches(core.new_ulid(), '^[0-7][0-9A-HJKMNP-TV-Z]{25}$', 'a new ULID is one');
select cmp_ok(abs(extract(epoch from clock_timestamp() - core.ulid_time(core.new_ulid()))), '<', 60::numeric, 'of now');
select is(core.ulid_time(core.new_ulid('2026-01-31 12:00:00.123+00')), timestamptz '2026-01-31 12:00:00.123+00', 'or of a time');
select is(
  (select count(distinct core.new_ulid('2026-01-01 00:00:00+00')) from generate_series(1, 10000)), 10000::bigint,
  'ten thousand within a millisecond differ'
);
select is_empty(
  $$select p.place from generate_series(11, 26) as p (place)
    cross join (select core.new_ulid() as id from generate_series(1, 2000)) as n
    group by p.place having count(distinct substr(n.id, p.place, 1)) < 32$$,
  'every random character takes all 32 values'
);

select is(tap.outcome($$select core.ulid_time('01ARZ3NDEKTSV4RRFFQ69G5FAU')$$), 'PT400 invalid_ulid', 'a letter that is none');
select is(tap.outcome($$select core.ulid_time('81ARZ3NDEKTSV4RRFFQ69G5FAV')$$), 'PT400 invalid_ulid', 'over 48 bits');
select is(tap.outcome($$select core.ulid_time('01arz3ndektsv4rrffq69g5fav')$$), 'PT400 invalid_ulid', 'lower case');
select is(tap.outcome($$select core.ulid_time('')$$), 'PT400 invalid_ulid', 'empty');
select is(tap.outcome($$select core.ulid_time(e'01ARZ3NDEKTSV4RRFFQ69G5FAV\n')$$), 'PT400 invalid_ulid', 'a line end');
select is(tap.outcome($$select core.ulid_floor('1969-12-31 23:59:59.999+00')$$), 'PT400 ulid_time_range', 'before 1970');
select is(tap.outcome($$select core.ulid_floor('10889-08-02 05:31:50.656+00')$$), 'PT400 ulid_time_range', 'a millisecond too late');
select is(tap.outcome($$select core.ulid_floor('infinity')$$), 'PT400 ulid_time_range', 'no time at all');
select is(tap.outcome($$select '01ARZ3NDEKTSV4RRFFQ69G5FAV'::core.ulid$$), 'accepted', 'the domain takes a ULID');
select is(tap.outcome($$select '01ARZ3NDEKTSV4RRFFQ69G5FAI'::core.ulid$$), '23514 ulid_format', 'and nothing else');
select is(core.ulid_time(null), null, 'null stays null');

set local timezone = 'America/St_Johns';
select is(core.ulid_floor('2016-07-30 23:54:10.259+00'), '01ARZ3NDEK0000000000000000', 'whatever the time zone of the session');

select * from finish();
