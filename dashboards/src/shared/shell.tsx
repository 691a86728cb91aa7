/** The frame of every staff page: skip link, top bar, banner, main. */
import {
  ActionIcon,
  Avatar,
  Group,
  Menu,
  Text,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { initials } from "./format";
import { LinkBadge, StaleBanner } from "./link";
import { logOut, useMe } from "./session";
import classes from "./shell.module.css";
import type { Link } from "./socket";

/** Light or dark: follows the system until it is pressed. */
export function ThemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const label = dark ? "Use light colours" : "Use dark colours";
  return (
    <Tooltip label={label} withArrow>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        data-testid="theme-toggle"
        onClick={() => setColorScheme(dark ? "light" : "dark")}
      >
        {dark ? <IconSun size={19} /> : <IconMoon size={19} />}
      </ActionIcon>
    </Tooltip>
  );
}

export function Brand({ page }: { page?: string }) {
  return (
    <Group gap={10} wrap="nowrap" className={classes.brand}>
      <svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
        <rect width="26" height="26" rx="7" fill="var(--mantine-primary-color-filled)" />
        <path d="M6 9.5h14M6 16.5h8" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
        <circle cx="19" cy="16.5" r="2.2" fill="#ffb454" />
      </svg>
      <Text component="span" fw={650} className={classes.brandName}>
        Secondline
      </Text>
      {page !== undefined && (
        <Text component="span" c="var(--quiet)" className={classes.brandPage}>
          {page}
        </Text>
      )}
    </Group>
  );
}

export interface ShellProps {
  /** The page's name in the bar; pages that show their links in the centre leave it out. */
  page?: string;
  /** The socket's state; pages without a socket leave it out. */
  link?: Link;
  /** In the middle of the bar: presence, navigation. */
  centre?: ReactNode;
  /** Before the theme and the account. */
  actions?: ReactNode;
  /** Fills the window and scrolls inside (desk), instead of scrolling as a page. */
  fixed?: boolean;
  children: ReactNode;
}

export function Shell({ page, link, centre, actions, fixed = false, children }: ShellProps) {
  return (
    <div className={classes.shell} data-fixed={fixed || undefined}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className={classes.bar}>
        <Brand {...(page === undefined ? {} : { page })} />
        <div className={classes.centre}>{centre}</div>
        <Group gap="xs" wrap="nowrap" className={classes.end}>
          {link !== undefined && <LinkBadge link={link} />}
          {actions}
          <ThemeToggle />
          <AccountMenu />
        </Group>
      </header>
      {link !== undefined && <StaleBanner link={link} />}
      <main id="main" tabIndex={-1} className={classes.main}>
        {children}
      </main>
    </div>
  );
}

function AccountMenu() {
  const me = useMe();
  return (
    <Menu position="bottom-end" width={240} withArrow>
      <Menu.Target>
        <UnstyledButton aria-label={`Account: ${me.name}`} data-testid="account-menu" className={classes.account}>
          <Avatar size={32} radius="xl" color="petrol" aria-hidden>
            {initials(me.name)}
          </Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)" data-testid="account-name">
            {me.name}
          </Text>
          {me.workspace.name}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} data-testid="log-out" onClick={() => void logOut()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
