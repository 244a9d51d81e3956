import type { ReactNode } from "react";

/** A table with a name, which scrolls on a narrow screen. */
export function Table({ label, columns, children }: {
  label: string;
  columns: readonly string[];
  children: ReactNode;
}) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((name) => <th key={name} scope="col">{name}</th>)}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
