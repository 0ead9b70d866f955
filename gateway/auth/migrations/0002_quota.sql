-- How many units of cost operations with the key may have, in the time that the settings say; null
-- for as many as any other caller.
alter table sluice.api_keys add column quota bigint check (quota between 1 and 1000000000000);
