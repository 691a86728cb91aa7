import { Alert, Button, Code, FileInput, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { IconDownload, IconFileTypeCsv } from "@tabler/icons-react";
import { useState } from "react";
import { count } from "../shared/format";
import { Hint } from "./inputs";
import { type ImportReport, experts } from "./records";

const COLUMNS = ["number", "name", "phones", "mail", "languages", "network_size", "account"];
const SAMPLE = `${COLUMNS.join(",")}
47110001,Ana Martins,+49 30 5550101;+49 170 5550102,ana.martins@example.com,de;pt,120,ana.martins
47110002,Jonas Weber,030 5550103,,de,35,
`;

/** Experts from a CSV file, and what became of each of its lines. */
export function ImportDialog({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [report, setReport] = useState<ImportReport | null>(null);

  async function read(chosen: File) {
    setBusy(true);
    setError(null);
    setReport(null);
    try {
      setReport(await experts.read(chosen));
      onDone();
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title="Import experts"
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": "Close" }}
      data-testid="import-dialog"
    >
      <Stack>
        <Hint>
          A CSV file in UTF-8 with a header. <Code>number</Code> and <Code>name</Code> are needed; several phones or
          languages are separated by a semicolon. Known numbers are updated, an empty cell empties the field, a column
          that is not there changes nothing.
        </Hint>
        <Group align="end" wrap="nowrap">
          <FileInput
            label="File"
            placeholder="Choose a file"
            accept=".csv,text/csv"
            clearable
            leftSection={<IconFileTypeCsv size={18} />}
            value={file}
            onChange={(chosen) => {
              setFile(chosen);
              setReport(null);
              setError(null);
            }}
            style={{ flex: 1 }}
            data-testid="import-file"
          />
          <Button
            disabled={file === null}
            loading={busy}
            onClick={() => file !== null && void read(file)}
            data-testid="import-send"
          >
            Import
          </Button>
        </Group>
        <Group>
          <Button
            size="xs"
            variant="subtle"
            leftSection={<IconDownload size={15} />}
            onClick={() => download("experts-sample.csv", SAMPLE)}
            data-testid="import-sample"
          >
            Download a sample file
          </Button>
        </Group>
        {error !== null && (
          <Alert color="red" role="alert" title="Nothing was imported">
            {error}
          </Alert>
        )}
        {report !== null && <Report report={report} />}
      </Stack>
    </Modal>
  );
}

const SHOWN = 200;

function Report({ report }: { report: ImportReport }) {
  const { created, updated, unchanged, refused } = report;
  const good = [
    `${count(created)} added`,
    `${count(updated)} updated`,
    ...(unchanged === undefined ? [] : [`${count(unchanged)} as they were`]),
  ];
  return (
    <Stack gap="xs" data-testid="import-report">
      <Alert color={refused.length === 0 ? "teal" : "yellow"} role="status">
        {good.join(", ")}
        {refused.length > 0 && `, ${count(refused.length)} refused`}.
      </Alert>
      {refused.length > 0 && (
        <>
          <Group justify="space-between">
            <Text fw={600} size="sm">
              Refused lines
            </Text>
            <Button
              size="xs"
              variant="subtle"
              leftSection={<IconDownload size={15} />}
              onClick={() => download("refused.csv", asCsv(refused))}
            >
              Download this list
            </Button>
          </Group>
          <Table.ScrollContainer minWidth={300} maxHeight={320}>
            <Table stickyHeader striped>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th w="4rem">Line</Table.Th>
                  <Table.Th w="6.5rem">Column</Table.Th>
                  <Table.Th>Why</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {refused.slice(0, SHOWN).map((row, nth) => (
                  <Table.Tr key={`${row.line} ${nth}`}>
                    <Table.Td className="numbers">{row.line}</Table.Td>
                    <Table.Td>{row.field ?? "–"}</Table.Td>
                    <Table.Td>{row.why}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          {refused.length > SHOWN && <Hint>The first {SHOWN} are shown; the list to download has all.</Hint>}
        </>
      )}
    </Stack>
  );
}

function asCsv(refused: ImportReport["refused"]): string {
  // a cell that begins like a formula would be run by a spreadsheet
  const cell = (text: string) => `"${text.replace(/^[=+\-@]/, "'$&").replaceAll('"', '""')}"`;
  return ["line,column,why", ...refused.map((r) => `${r.line},${cell(r.field ?? "")},${cell(r.why)}`)].join("\n");
}

function download(name: string, text: string) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
