-- Run once, by the superuser, in the database `pylayer`, when the data volume is empty.
-- With the extensions in place `pylayer migrate` needs no superuser.
create schema if not exists partman;
create extension if not exists pg_partman with schema partman;
create extension if not exists vector with schema public;
create extension if not exists pg_cron;
create extension if not exists pg_stat_statements with schema public;
