/**
 * Reads what Postgres's `pgoutput` says of its log, in version 1 of its protocol: committed
 * transactions, one after the other, in the
 * order of their commits. Values stay as the text that the server sent.
 * @see https://www.postgresql.org/docs/17/protocol-logicalrep-message-formats.html
 */
import type { Buffer } from "node:buffer";

/** A table's shape, as the log knew it at that moment. */
export interface Relation {
  id: number;
  schema: string;
  table: string;
  columns: { name: string; type: number; isKey: boolean }[];
}

/** A column's text; null; or undefined where the log leaves out a large value that did not change. */
export type Row = Record<string, string | null | undefined>;

/** A row that was changed by a committed transaction. */
export interface LoggedChange {
  type: "INSERT" | "UPDATE" | "DELETE";
  relation: Relation;
  /** Null after a deletion. */
  row: Row | null;
  /** The key, or with replica identity full the whole row; null where neither was logged. */
  old: Row | null;
  commitTime: Date;
  /** The transaction's number, without its epoch. */
  transaction: number;
}

/** Reads message by message; keeps what later messages refer to. */
export function createReader(): (message: Buffer) => LoggedChange | null {
  const relations = new Map<number, Relation>();
  let commitTime = new Date(0);
  let transaction = 0;

  function readRelation(message: Buffer) {
    const cursor = openCursor(message, 1);
    const relation: Relation = {
      id: cursor.uint32(),
      schema: cursor.text() || "pg_catalog",
      table: cursor.text(),
      columns: [],
    };
    cursor.skip(1);
    for (let count = cursor.uint16(); count > 0; count--) {
      const isKey = cursor.byte() === 1;
      relation.columns.push({ isKey, name: cursor.text(), type: cursor.uint32() });
      cursor.skip(4);
    }
    relations.set(relation.id, relation);
  }

  function readChange(message: Buffer, type: LoggedChange["type"]): LoggedChange {
    const cursor = openCursor(message, 1);
    const id = cursor.uint32();
    const relation = relations.get(id);
    if (!relation) throw new Error(`the log speaks of a relation ${id} that it has not described`);
    const change: LoggedChange = {
      ...{ type, relation, row: null, old: null },
      ...{ commitTime, transaction },
    };
    while (!cursor.isAtEnd()) {
      const kind = String.fromCharCode(cursor.byte());
      if (kind === "N") change.row = readRow(cursor, relation);
      else change.old = readRow(cursor, relation, kind === "K");
    }
    return change;
  }

  return (message) => {
    switch (String.fromCharCode(message[0] ?? 0)) {
      case "B":
        commitTime = readTime(message.readBigInt64BE(9));
        transaction = message.readUInt32BE(17);
        return null;
      case "R":
        readRelation(message);
        return null;
      case "I":
        return readChange(message, "INSERT");
      case "U":
        return readChange(message, "UPDATE");
      case "D":
        return readChange(message, "DELETE");
      default: // commit, origin, type, truncate
        return null;
    }
  };
}

function readRow(cursor: Cursor, relation: Relation, isKeyOnly = false): Row {
  const row: Row = {};
  const count = cursor.uint16();
  for (const { name, isKey } of relation.columns.slice(0, count)) {
    const kind = String.fromCharCode(cursor.byte());
    const value = kind === "n" ? null : kind === "u" ? undefined : cursor.sized();
    if (!isKeyOnly || isKey) row[name] = value;
  }
  return row;
}

type Cursor = ReturnType<typeof openCursor>;

function openCursor(message: Buffer, start: number) {
  let offset = start;
  const advance = (bytes: number) => (offset += bytes) - bytes;
  return {
    isAtEnd: () => offset >= message.length,
    skip: advance,
    byte: () => message.readUInt8(advance(1)),
    uint16: () => message.readUInt16BE(advance(2)),
    uint32: () => message.readUInt32BE(advance(4)),
    text() {
      const begin = offset;
      offset = message.indexOf(0, begin) + 1;
      return message.toString("utf8", begin, offset - 1);
    },
    sized() {
      const length = message.readUInt32BE(advance(4));
      return message.toString("utf8", advance(length), offset);
    },
  };
}

/** Postgres counts microseconds since 2000. */
const readTime = (microseconds: bigint): Date =>
  new Date(Date.UTC(2000, 0, 1) + Number(microseconds / 1000n));
