import type { Change } from "./records";
import classes from "./PolicyTab.module.css";

const SHOWN = 60;

/** Changes by field, in the service's words. */
export function Changes({ changes }: { changes: readonly Change[] }) {
  return (
    <ul className={classes.list} data-testid="changes">
      {changes.slice(0, SHOWN).map((change) => (
        <li key={change.field + change.what} data-what={change.what}>
          <code>{change.field}</code>
          <span>{change.text.slice(change.field.length)}</span>
        </li>
      ))}
      {changes.length > SHOWN && <li>and {changes.length - SHOWN} more</li>}
    </ul>
  );
}
