/** How a person is called on the desk. */
import { ASSURANCE } from "../shared/icons";
import type { PersonCard } from "../shared/wire";

/** Their name where the agent may know it, else the masked number, else what they are. */
export function nameOf(person: PersonCard): string {
  if (person.name != null && person.name !== "") return person.name;
  if (person.number_masked != null && person.number_masked !== "") return person.number_masked;
  return person.role === "expert" ? "Expert without a name" : "Unknown customer";
}

/** How sure the agent can be of that, in a sentence or two. */
export function certainty(person: PersonCard): string {
  const { long } = ASSURANCE[person.assurance];
  return person.name_claimed === true ? `The name is what they typed. ${long}` : long;
}
