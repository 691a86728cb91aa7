import { Tabs, VisuallyHidden } from "@mantine/core";
import { IconDoorEnter, IconHeadset, IconFileText, IconListDetails, IconStar, IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import { PageLinks } from "../shared/pages";
import { Shell } from "../shared/shell";
import { EntryPoints } from "./EntryPoints";
import { Experts } from "./Experts";
import { useLoaded } from "./loading";
import classes from "./Page.module.css";
import { People } from "./People";
import { PolicyTab } from "./PolicyTab";
import { Queues } from "./Queues";
import { queues } from "./records";

const TABS = [
  { value: "people", label: "People", icon: IconUsers },
  { value: "agents", label: "Agents", icon: IconHeadset },
  { value: "experts", label: "Experts", icon: IconStar },
  { value: "entry-points", label: "Entry points", icon: IconDoorEnter },
  { value: "queues", label: "Queues", icon: IconListDetails },
  { value: "policy", label: "Policy", icon: IconFileText },
];

export function Page() {
  const [tab, setTab] = useState(() => {
    const asked = location.hash.slice(1);
    return TABS.some(({ value }) => value === asked) ? asked : "people";
  });
  const lines = useLoaded(queues.list);

  return (
    <Shell centre={<PageLinks />}>
      <VisuallyHidden component="h1">Admin</VisuallyHidden>
      <Tabs
        value={tab}
        onChange={(next) => {
          setTab(next ?? "people");
          history.replaceState(null, "", `#${next}`);
        }}
        keepMounted={false}
        className={classes.page}
      >
        <Tabs.List mb="md" className={classes.tabs} aria-label="What to administer">
          {TABS.map(({ value, label, icon: Icon }) => (
            <Tabs.Tab key={value} value={value} leftSection={<Icon size={17} aria-hidden />} data-testid={`tab-${value}`}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="people">
          <People key="people" agents={false} />
        </Tabs.Panel>
        <Tabs.Panel value="agents">
          <People key="agents" agents />
        </Tabs.Panel>
        <Tabs.Panel value="experts">
          <Experts />
        </Tabs.Panel>
        <Tabs.Panel value="entry-points">
          <EntryPoints queues={lines} />
        </Tabs.Panel>
        <Tabs.Panel value="queues">
          <Queues loaded={lines} />
        </Tabs.Panel>
        <Tabs.Panel value="policy">
          <PolicyTab onActivated={lines.reload} />
        </Tabs.Panel>
      </Tabs>
    </Shell>
  );
}
