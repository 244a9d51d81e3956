/** Every family of metrics that there is, and what it means. Labels have words of the code, never an id. */
import type { Family } from "./prometheus.ts";

const counter = (name: string, help: string): Family => ({ name, type: "counter", help });
const gauge = (name: string, help: string): Family => ({ name, type: "gauge", help });

/** In the order in which they are told. */
export const families: readonly Family[] = [
  counter("groundwork_requests_total", "Requests by function, route, method and class of status."),
  {
    name: "groundwork_request_duration_seconds",
    type: "histogram",
    help: "From a request to its answer; of a stream or socket, to its beginning.",
  },
  counter("groundwork_request_errors_total", "Answers that were an error, by its code."),
  counter(
    "groundwork_permission_answers_total",
    "Answers about permissions, by where they came from.",
  ),
  counter(
    "groundwork_breaker_openings_total",
    "Times that an isolate's circuit breaker before Redis opened.",
  ),
  counter("groundwork_database_refused_total", "Times that no connection came free in time."),
  counter(
    "groundwork_replica_reads_total",
    "Reads that a replica may answer, by who answered; absent without replicas.",
  ),
  counter(
    "groundwork_replica_openings_total",
    "Times that an isolate left a replica out, its first proof included.",
  ),
  counter("groundwork_relays_opened_total", "Sockets to agents that were opened."),
  counter(
    "groundwork_relays_closed_total",
    "Sockets to agents that ended, by the code of their end.",
  ),
  counter(
    "groundwork_spans_total",
    "Spans by what became of them: sent, refused, unanswered, dropped.",
  ),
  counter("groundwork_turns_total", "Turns of sessions that were recorded."),
  counter("groundwork_usage_total", "What recorded turns used, by kind."),
  counter("groundwork_audit_entries_total", "Ids given to audit entries."),
  counter("groundwork_billing_events_total", "Ids given to billing events."),
  gauge("groundwork_database_up", "Whether the database answered (1) or not (0)."),
  gauge("groundwork_database_latency_seconds", "One query of nothing, there and back."),
  gauge(
    "groundwork_redis_up",
    "Whether Redis is in use (1) or was given up (0); absent without Redis.",
  ),
  gauge(
    "groundwork_figures_up",
    "Whether the database's own figures could be read (1) or not (0).",
  ),
  gauge("groundwork_work", "Work by kind of queue and state; counted up to 10000."),
  gauge(
    "groundwork_work_oldest_due_seconds",
    "For how long the oldest due work of a kind has waited.",
  ),
  gauge("groundwork_work_abandoned", "Work held by leases that ended over a minute ago."),
  gauge(
    "groundwork_function_calls",
    "Calls of the database to functions that are open; up to 10000.",
  ),
  gauge("groundwork_function_calls_given_up", "Calls given up within a day; counted up to 10000."),
  gauge(
    "groundwork_function_calls_overdue_seconds",
    "For how long the oldest call is past its deadline.",
  ),
  gauge(
    "groundwork_job_failing",
    "Whether a scheduled job's latest run failed, or a workspace of it (1).",
  ),
  gauge(
    "groundwork_audit_sealing_lag_seconds",
    "Age of the oldest audit entry that is not sealed.",
  ),
  gauge("groundwork_budgets_used_up", "Budgets that this day or month has used up; up to 10000."),
];
