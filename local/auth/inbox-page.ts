/** The inbox for people: what Auth would have sent. */
import type { Mail } from "./mails.ts";

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

function show({ to, subject, otp, link, sent_at }: Mail): string {
  const way = link
    ? `<a href="${escape(link)}">Follow the link</a>, or type in <code>${escape(otp)}</code>`
    : `Type in <code>${escape(otp)}</code>`;
  return `<article><h2>${escape(subject)}</h2><p>To ${
    escape(to)
  } · <time>${sent_at}</time></p><p>${way}</p></article>`;
}

/** A page without scripts. */
export function renderInbox(mails: readonly Mail[]): Response {
  const body = mails.length > 0 ? mails.map(show).join("\n") : "<p>No mail yet.</p>";
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Inbox</title>
<style>body{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}
article{border-top:1px solid #ccc}h2{font-size:1.1rem;margin:.8rem 0 0}code{font-size:1.1rem}</style>
</head><body><h1>Inbox</h1>
<p>Mails that Auth would have sent, newest first.
As JSON: <code>/inbox.json</code>, of one address <code>?to=</code>.</p>
${body}
</body></html>`;
  return new Response(page, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "cache-control": "no-store",
    },
  });
}
