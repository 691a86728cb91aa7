import { Alert, Box, Center, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Brand, ThemeToggle } from "../shared/shell";
import { Invitation } from "./Invitation";
import { SignIn } from "./SignIn";

/** Signing in, or with `?token=…` choosing the password that an invitation or reset asks for. */
export function Page() {
  const [token, setToken] = useState(() => new URLSearchParams(location.search).get("token"));
  const [welcome, setWelcome] = useState(false);
  if (token !== null) {
    return (
      <Frame title="Choose your password">
        <Invitation
          token={token}
          onDone={() => {
            // used once: a reload must not try it again
            history.replaceState(null, "", "/login");
            setToken(null);
            setWelcome(true);
          }}
        />
      </Frame>
    );
  }
  return (
    <Frame title="Sign in">
      {welcome && (
        <Alert color="teal" role="status" data-testid="password-set">
          Your password is set. Sign in with it.
        </Alert>
      )}
      <SignIn />
    </Frame>
  );
}

function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Center component="main" mih="100dvh" p="md">
      <Box w="100%" maw={400}>
        <Group justify="space-between" mb="md" px={4}>
          <Brand />
          <ThemeToggle />
        </Group>
        <Paper withBorder bg="var(--surface)" p={{ base: "lg", sm: "xl" }} radius="lg" shadow="sm">
          <Stack gap="lg">
            <Title order={1} size="h3">
              {title}
            </Title>
            {children}
          </Stack>
        </Paper>
        <Text size="xs" c="dimmed" ta="center" mt="md">
          No account yet? An admin of your company invites you.
        </Text>
      </Box>
    </Center>
  );
}
