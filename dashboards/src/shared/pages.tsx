/** Which staff pages there are, who may open them, and the way from one to another. */
import { Alert, Anchor, Center, Group } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./pages.module.css";
import { useMe } from "./session";
import type { Me, StaffRole } from "./wire";

const PAGES: { path: string; name: string; open: (me: Me) => boolean }[] = [
  { path: "/desk", name: "Desk", open: (me) => me.agent !== null },
  { path: "/supervisor", name: "Supervisor", open: (me) => me.role !== "agent" },
  { path: "/admin", name: "Admin", open: (me) => me.role === "admin" },
];

/** The page where somebody's work is. */
export function homeOf(me: Me): string {
  const homes: Record<StaffRole, string> = { agent: "/desk", supervisor: "/supervisor", admin: "/admin" };
  return homes[me.role];
}

/** Links to the pages that this account may open, with the present one marked. */
export function PageLinks() {
  const me = useMe();
  const mine = PAGES.filter((page) => page.open(me));
  return (
    <nav aria-label="Pages">
      <Group gap={4} wrap="nowrap">
        {mine.map((page) => (
          <Anchor
            key={page.path}
            href={page.path}
            underline="never"
            className={classes.link}
            aria-current={location.pathname === page.path ? "page" : undefined}
          >
            {page.name}
          </Anchor>
        ))}
      </Group>
    </nav>
  );
}

/** Its children for these roles; a kind word and the way home for others. */
export function OnlyFor({ roles, children }: { roles: readonly StaffRole[]; children: ReactNode }) {
  const me = useMe();
  if (roles.includes(me.role)) return children;
  return (
    <Center h="100dvh" p="md">
      <Alert title="This page is not for your account" role="alert" color="yellow" data-testid="not-allowed">
        You are signed in as {me.name}. <Anchor href={homeOf(me)}>Go to your own page</Anchor>
      </Alert>
    </Center>
  );
}
