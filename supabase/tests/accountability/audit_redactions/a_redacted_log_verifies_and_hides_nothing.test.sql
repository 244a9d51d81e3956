-- Three seals; the member is redacted out of the first two, the guest out of all and after them. Then everything that
-- someone who got past the triggers could do under cover of a redaction.
begin;
\ir ../../world.psql
\ir ../audit_seals/sealing.psql
\ir redacting.psql

create temporary table written (name text primary key, id bigint) on commit drop;
create function tests.entry(name text) returns bigint language sql stable as $$ select id from written
  where written.name = entry.name $$;
insert into written select 'a' || n, tests.write_entry('sealed', n, 'a.a' || n) from generate_series(1, 3) as n;
insert into written
values ('both', tests.write_about('sealed', 5, 'member', 'guest')),
  ('admin', tests.write_about('sealed', 6, 'admin', 'owner'));
select tests.seal(1000000010) as seals;
create temporary table anchors on commit drop as select digest from public.audit_anchor(tests.id('sealed'));
insert into written values ('young', tests.write_about('sealed', 11, 'guest', 'member'));
-- The member goes while `young` is not sealed yet, the guest after the voucher of the member is.
create temporary table redacted (who text, entries bigint) on commit drop;
insert into redacted values ('member', tests.redact('sealed', 'member', 12));
create temporary table verdicts (moment text, verdict text) on commit drop;
insert into verdicts values ('unsealed voucher', tests.verdict('sealed'));
select tests.seal(1000000020) as seals;
insert into verdicts values ('sealed voucher', tests.verdict('sealed'));
insert into redacted values ('guest', tests.redact('sealed', 'guest', 22));
insert into verdicts values ('two people', tests.verdict('sealed'));
create temporary table spoken on commit drop as
  select (select id from public.audit_log
    where workspace_id = tests.id('sealed') and subject_id = tests.id('pseudonym of member')::text
    and action = 'audit.redacted') as member,
    (select id from public.audit_log
      where workspace_id = tests.id('sealed') and subject_id = tests.id('pseudonym of guest')::text
      and action = 'audit.redacted') as guest;

create temporary table tamperings (what text, statement text, wanted text) on commit drop;
insert into tamperings values
  ('a redacted entry changed besides', $$update public.audit_log set action = 'a.a9'
    where id = tests.entry('a1')$$, 'entry_changed'),
  ('a redacted entry put under another name', $$update public.audit_log set actor_id = tests.id('admin')
    where id = tests.entry('a1')$$, 'entry_changed'),
  ('a redacted entry given back', $$update public.audit_log set actor_id = tests.id('member')
    where id = tests.entry('a1')$$, 'entry_changed'),
  ('a redacted entry deleted', $$delete from public.audit_log where id = tests.entry('a1')$$, 'entry_missing'),
  ('a redaction removed', $$delete from private.audit_redactions where entry_id = tests.entry('a1')$$, 'entry_changed'),
  ('a redaction removed and its entry given back', $$update public.audit_log set actor_id = tests.id('member')
    where id = tests.entry('a1');
    delete from private.audit_redactions where entry_id = tests.entry('a1')$$, 'redaction_unvouched'),
  ('the later of two redactions removed', $$delete from private.audit_redactions
    where entry_id = tests.entry('both') and pseudonym = tests.id('pseudonym of guest')$$, 'entry_changed'),
  ('the earlier of two redactions removed', $$delete from private.audit_redactions
    where entry_id = tests.entry('both') and pseudonym = tests.id('pseudonym of member')$$, 'entry_changed'),
  ('a redaction''s first leaf changed', $$update private.audit_redactions set leaf = sha256('x')
    where entry_id = tests.entry('a1')$$, 'entry_changed'),
  ('a redaction''s second leaf changed', $$update private.audit_redactions set redacted_leaf = sha256('x')
    where entry_id = tests.entry('a1')$$, 'entry_changed'),
  ('a redaction moved to another entry', $$update private.audit_redactions set entry_id = tests.entry('admin')
    where entry_id = tests.entry('a1')$$, 'entry_changed'),
  ('a redaction moved to another transaction', $$update private.audit_redactions set entry_xid = entry_xid + 1
    where entry_id = tests.entry('a1')$$, 'entry_changed'),
  ('a redaction doubled under another transaction', $$insert
    into private.audit_redactions (workspace_id, pseudonym, entry_id, entry_xid, leaf, redacted_leaf)
    select workspace_id, tests.id('pseudonym of guest'), entry_id, entry_xid + 1, leaf, redacted_leaf
    from private.audit_redactions where entry_id = tests.entry('a1')$$, 'redaction_unvouched'),
  ('another entry changed under an erased person''s name',
    $$select tests.forge(tests.entry('admin'), 'pseudonym of member', 'action = ''a.b''')$$, 'redaction_unvouched'),
  ('a change slipped in before a redaction that follows', $$update private.audit_redactions set leaf = sha256('x')
    where entry_id = tests.entry('both') and pseudonym = tests.id('pseudonym of guest')$$, 'entry_changed'),
  ('an erasure invented, without a voucher', $$insert into private.erasure_pseudonyms (workspace_id, pseudonym)
    values (tests.id('sealed'), tests.id('forged'));
    select tests.forge(tests.entry('admin'), 'forged', 'action = ''a.b''')$$, 'redaction_unvouched'),
  ('an erasure invented, with another one''s voucher', $$insert
    into private.erasure_pseudonyms (workspace_id, pseudonym, voucher_id) select tests.id('sealed'), tests.id('forged'),
    member from spoken;
    select tests.forge(tests.entry('admin'), 'forged', 'action = ''a.b''')$$, 'redaction_unvouched'),
  ('an erasure invented, as if it were past retention', $$insert
    into private.erasure_pseudonyms (workspace_id, pseudonym, given_on)
    values (tests.id('sealed'), tests.id('forged'), '2001-01-01');
    select tests.forge(tests.entry('admin'), 'forged', 'action = ''a.b''')$$, 'entry_changed'),
  ('an erasure past retention before its time', $$update private.erasure_pseudonyms set given_on = '2001-01-01'
    where pseudonym = tests.id('pseudonym of member')$$, 'entry_changed'),
  ('an erasure''s voucher exchanged', $$update private.erasure_pseudonyms set voucher_id = (select guest from spoken)
    where pseudonym = tests.id('pseudonym of member')$$, 'redaction_unvouched'),
  ('an erasure''s voucher denied', $$update private.erasure_pseudonyms set voucher_id = null
    where pseudonym = tests.id('pseudonym of member')$$, 'redaction_unvouched'),
  ('a sealed voucher changed', $$update public.audit_log set detail = detail || '{"entries": 6}'
    where id = (select member from spoken)$$, 'entry_changed'),
  ('a sealed voucher deleted', $$delete from public.audit_log
    where id = (select member from spoken)$$, 'entry_missing'),
  ('a forged redaction, and the sealed voucher changed to vouch for it',
    $$select tests.forge(tests.entry('admin'), 'pseudonym of member', 'action = ''a.b''');
    update public.audit_log
    set detail = (select jsonb_build_object('entries', entries, 'digest', digest)
      from private.redaction_digest(tests.id('sealed'), tests.id('pseudonym of member')))
    where id = (select member from spoken)$$, 'entry_changed'),
  ('an unsealed voucher changed', $$update public.audit_log set detail = detail || '{"entries": 5}'
    where id = (select guest from spoken)$$, 'redaction_unvouched'),
  ('an unsealed voucher deleted', $$delete from public.audit_log
    where id = (select guest from spoken)$$, 'redaction_unvouched'),
  ('an erasure undone altogether, but for its sealed voucher', $$delete from private.erasure_pseudonyms
    where pseudonym = tests.id('pseudonym of guest');
    update public.audit_log set actor_id = tests.id('member') where actor_id = tests.id('pseudonym of member');
    update public.audit_log as e
    set subject_id = tests.id('guest')::text, request_id = 'praise of guest@tests.example',
      detail = jsonb_build_object('mail', 'guest@tests.example',
      'longer', 'xguest@tests.example', 'also', jsonb_build_array(tests.id('guest'))) where id = tests.entry('both');
    update public.audit_log as e
    set actor_id = tests.id('guest'), subject_id = tests.id('member')::text,
      request_id = 'praise of member@tests.example', detail = jsonb_build_object('mail',
      'member@tests.example', 'longer', 'xmember@tests.example', 'also', jsonb_build_array(tests.id('member')))
        where id = tests.entry('young');
    delete from private.erasure_pseudonyms where pseudonym = tests.id('pseudonym of member')$$, 'redaction_missing');

select plan(14 + (select count(*)::integer from tamperings));

select results_eq('select * from redacted', $$values ('member', 5::bigint), ('guest', 2)$$,
  'each entry that names the person is redacted: by them, about them, before and after sealing');
select results_eq('select * from verdicts', $$values ('unsealed voucher', 'valid 5/1'), ('sealed voucher', 'valid 7/2'),
  ('two people', 'valid 7/2')$$,
  'the chain verifies at every moment');
select is(tests.verdict('sealed', (select digest from anchors)), 'valid 7/2', 'also against an anchor from before');
select is_empty(
  $$select from public.audit_log as e
  where workspace_id = tests.id('sealed')
    and (private.text_names(e::text, tests.id('member'), null)
    or private.text_names(e::text, tests.id('guest'), null))$$,
  'neither is named any more'
);
select results_eq(
  $$select actor_id, subject_id::text, detail::jsonb, request_id::text from public.audit_log
  where id = tests.entry('both')$$,
  $$select tests.id('pseudonym of member'), tests.id('pseudonym of guest')::text,
    jsonb_build_object('mail', 'erased', 'longer', 'xguest@tests.example', 'also',
      jsonb_build_array(tests.id('pseudonym of guest'))), 'praise of erased'$$,
  'an entry of two people has two pseudonyms; a longer address is another address'
);
select is((select actor_id from public.audit_log where id = tests.entry('admin')), tests.id('admin'),
  'others stay as they are');
select results_eq(
  $$select actor_id, subject_type::text, (detail ->> 'entries')::integer, detail ->> 'digest' ~ '^[0-9a-f]{64}$'
  from public.audit_log
    where workspace_id = tests.id('sealed') and action = 'audit.redacted' order by id$$,
  $$values (null::uuid, 'pseudonym', 5, true), (null, 'pseudonym', 2, true)$$,
    'the log says that entries were redacted, and how many'
);
select is(tests.seal(1000000030), 1, 'a seal over the second voucher');
select is(tests.verdict('sealed'), 'valid 8/3', 'and the chain goes on');
select is_empty(
  $$select from public.audit_log as e join private.audit_leaves as l on l.workspace_id = e.workspace_id and l.id = e.id
    where l.leaf is distinct from private.audit_leaf(e)$$, 'the leaf of one entry and the leaves of all are the same'
);

-- Before the second voucher is sealed, as the rows above say.
savepoint unsealed;
delete from private.audit_heads where workspace_id = tests.id('sealed');
alter table public.audit_seals disable trigger refuse_change;
delete from public.audit_seals where workspace_id = tests.id('sealed') and ordinal = 3;
insert into private.audit_heads select workspace_id, ordinal, digest, to_xid from public.audit_seals
where workspace_id = tests.id('sealed') and ordinal = 2;
alter table public.audit_seals enable trigger refuse_change;
select is(tests.verdict('sealed'), 'valid 7/2', 'as it was');
select is(split_part(tests.verdict_after('sealed', statement), ' ', 3), wanted, 'found: ' || what) from tamperings;
select is(tests.verdict('sealed'), 'valid 7/2', 'each was undone');

-- What can be done: pretend an erasure, as one can write any entry. But not silently.
select is(
  tests.verdict_after('sealed', $$insert into private.erasure_pseudonyms (workspace_id, pseudonym, voucher_id)
    values (tests.id('sealed'), tests.id('forged'), 999999999);
    select tests.forge(tests.entry('admin'), 'forged', 'action = ''a.b''');
    insert into public.audit_log (id, workspace_id, action, subject_type, subject_id, detail, xid)
    select 999999999, tests.id('sealed'), 'audit.redacted', 'pseudonym', tests.id('forged')::text,
      jsonb_build_object('entries', entries, 'digest', digest), 1000000025
    from private.redaction_digest(tests.id('sealed'), tests.id('forged'))$$), 'valid 7/2',
      'an owner can pretend an erasure, but only by an entry that says so'
);
select is(tests.verdict('sealed'), 'valid 7/2', 'which was undone');

select * from finish();
rollback;
