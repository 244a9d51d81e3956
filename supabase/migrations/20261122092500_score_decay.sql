-- Scores that age: a lead's score depends on how near its auction is, so it changes from day to day without a write.
--
-- Touches: private.rescore_leads and its schedule: recomputes scores whose auction came near or passed.
--          An index on the leads of every business: finds those leads.
-- Beware:  A manual score stays. As in appraise_lead, a score is ours if it equals the score computed for the day of
--          the row's last write, which updated_at gives. So a lead whose score changes is written, and one whose score
--          stays is not.

select private.for_each_business($ddl$
  create index {prefix}leads_by_auction on public.{prefix}leads (auction_date) where auction_date is not null;
$ddl$);

create function private.rescore_leads(most integer default 5000)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  today date := (now() at time zone 'UTC')::date;
  leads regclass;
  scored bigint;
  total bigint := 0;
begin
  for leads in
    select known.its_leads
    from (
      select to_regclass('public.' || b.prefix || 'leads') as its_leads
      from (select '' as prefix union select prefix from public.businesses) as b
    ) as known
    where known.its_leads is not null order by known.its_leads::text
  loop
    scored := coalesce((private.for_all_workspaces('rescore-leads' ||
      case when leads = 'public.leads'::regclass then '' else ': ' || leads end,
      format($score$
      with scored as (
      update %1$s as lead set distress_score = null -- requests our score
      from (
        select l.id from %1$s as l
        where ($1 is null or l.workspace_id = $1) and l.auction_date <= %2$L::date + 90
          and l.auction_date >= (l.updated_at at time zone 'UTC')::date
          and (l.updated_at at time zone 'UTC')::date < %2$L::date
          and l.distress_score = private.score_lead(l.foreclosure_stage, l.auction_date, l.tax_delinquent_minor,
            l.estimated_value_minor,
            l.estimated_equity_minor, l.is_vacant, l.code_violations, l.distress_signals,
            (l.updated_at at time zone 'UTC')::date)
          and l.distress_score <> private.score_lead(l.foreclosure_stage, l.auction_date, l.tax_delinquent_minor,
            l.estimated_value_minor,
            l.estimated_equity_minor, l.is_vacant, l.code_violations, l.distress_signals, %2$L::date)
        order by l.auction_date limit %3$s
        for update skip locked -- a concurrent writer scores the lead
      ) as aged
      where lead.id = aged.id returning 1)
      select array[count(*)] from scored
    $score$, leads, today, most),
      format('select distinct l.workspace_id from %s as l where l.auction_date <= %L::date + 90 order by 1', leads,
        today)))[1], 0);
    total := total + scored;
  end loop;
  return total;
end;
$$;
comment on function private.rescore_leads(integer) is
  'Recomputes the scores of leads, of every business, if the score is ours and changed because the auction came near '
  'or passed: at most `most` of each business, the earliest auction first. Writes no others. Returns how many.';

-- A score changes once a day at most. The job runs each hour, because one run takes a bounded number of leads so that
-- no writer waits long.
select cron.schedule('rescore-leads', '9 * * * *', 'select private.rescore_leads()');
