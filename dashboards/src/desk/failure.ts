/** Tells the agent that something they asked for did not happen. */
import { notifications } from "@mantine/notifications";

export function tellFailure(title: string): (error: unknown) => void {
  return (error) => {
    notifications.show({
      color: "red",
      title,
      message: error instanceof Error ? error.message : String(error),
      autoClose: 8000,
    });
  };
}
