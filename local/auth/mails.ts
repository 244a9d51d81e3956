/**
 * Mails that Auth would send. They are kept in an inbox that can be read at a URL, and go nowhere else. What a stranger
 * can make is bounded: how many of one address are kept, how many in all, and how soon the next may follow.
 */
import { AuthError } from "./errors.ts";

/** Why a mail is sent. */
export type MailKind =
  | "signup"
  | "invite"
  | "magiclink"
  | "recovery"
  | "email_change"
  | "reauthentication";

/** A mail as the inbox keeps it. */
export interface Mail {
  id: string;
  to: string;
  kind: MailKind;
  subject: string;
  /** What can be typed in instead of following the link. */
  otp: string;
  /** Absent for a code that is only typed in. */
  link: string | null;
  sent_at: string;
}

/** Where mails wait to be read. */
export interface Inbox {
  /** Newest first. */
  list(to?: string): Mail[];
  /** @throws AuthError 429 `over_email_send_rate_limit` when the address has just had one, or too many */
  deliver(mail: Omit<Mail, "id" | "sent_at" | "subject">): Mail;
}

const subjects: Record<MailKind, string> = {
  signup: "Confirm your sign-up",
  invite: "You have been invited",
  magiclink: "Your sign-in link",
  recovery: "Reset your password",
  email_change: "Confirm the change of your address",
  reauthentication: "Confirm that it is you",
};

const kept = 1000;
/** Mails to one address within an hour. */
const hourly = 60;

/** Makes an empty inbox. `frequency`: seconds between two mails to an address. `hear` is told of each. */
export function createInbox(
  frequency: number,
  hear: (mail: Mail) => void,
  now: () => number = Date.now,
): Inbox {
  let mails: Mail[] = [];
  return {
    list: (to) => mails.filter((mail) => to === undefined || mail.to === to),
    deliver(content) {
      const at = now();
      const times = mails.filter(({ to }) => to === content.to)
        .map(({ sent_at }) => at - Date.parse(sent_at));
      const tooSoon = content.kind !== "email_change" &&
        times.some((ago) => ago < frequency * 1000);
      if (tooSoon || times.filter((ago) => ago < 3_600_000).length >= hourly) {
        throw new AuthError(429, "over_email_send_rate_limit", "email rate limit exceeded");
      }
      const mail: Mail = {
        id: crypto.randomUUID(),
        subject: subjects[content.kind],
        ...content,
        sent_at: new Date(at).toISOString(),
      };
      mails.unshift(mail);
      let ofThisAddress = 0;
      mails = mails.filter(({ to }) => to !== mail.to || ++ofThisAddress <= hourly).slice(0, kept);
      hear(mail);
      return mail;
    },
  };
}
