import { Alert, Center, Group, Loader, Title, VisuallyHidden } from "@mantine/core";
import { Brand, ThemeToggle } from "../shared/shell";
import { type Numbers, useNumbers } from "./numbers";
import classes from "./Page.module.css";
import { Settings, useSettings } from "./Settings";
import { Telephone } from "./Telephone";
import "../shared/tones.css";
import { Transcript } from "./Transcript";
import { useBooth } from "./useBooth";

export function Page() {
  const { numbers, absent } = useNumbers();
  return (
    <>
      <header className={classes.bar}>
        <Brand page="Phone booth" />
        <ThemeToggle />
      </header>
      <main className={classes.main}>
        <VisuallyHidden>
          <Title order={1}>Phone booth</Title>
        </VisuallyHidden>
        {absent ? (
          <Alert title="There is no phone booth here" color="yellow" data-testid="no-booth">
            It belongs to the stand-in for the telephone provider, which runs in the demo and in development.
          </Alert>
        ) : numbers === null ? (
          <Center h={300}>
            <Loader aria-label="Loading" />
          </Center>
        ) : (
          <Set numbers={numbers} />
        )}
      </main>
    </>
  );
}

function Set({ numbers }: { numbers: Numbers }) {
  const settings = useSettings(numbers);
  const telephone = useBooth(settings.held, settings.aloud);
  return (
    <div className={classes.booth}>
      <div>
        <Group justify="center">
          <Telephone telephone={telephone} settings={settings} numbers={numbers} />
        </Group>
      </div>
      <div className={classes.side}>
        <Transcript telephone={telephone} />
        <Settings settings={settings} numbers={numbers} />
      </div>
    </div>
  );
}
