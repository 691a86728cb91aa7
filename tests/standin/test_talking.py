"""Two real browsers hear each other by what the stand-in tells them: the booth's and an agent's.

The page is the protocol of docs/standin.md in its smallest form.
"""

from __future__ import annotations

import json

from aiohttp import web
from playwright.async_api import Page, async_playwright

from tests.standin.service import CALLER, NUMBER, playing
from tests.standin.test_clients import token_of
from tests.standin.test_conferences import room

PAGE = """<!doctype html><title>talk</title><script type="module">
const [url, first] = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const mic = await navigator.mediaDevices.getUserMedia({audio: true});
const socket = new WebSocket(url), peers = new Map();
window.state = {kinds: [], peers};
const send = (message) => socket.send(JSON.stringify(message));
window.send = send;

function meet({peer: to, polite, callSid}) {
  const pc = new RTCPeerConnection(), link = {pc, polite, offering: false};
  peers.set(to, link);
  const tell = (data) => send({type: "signal", to, callSid, data});
  pc.onicecandidate = ({candidate}) => candidate && tell({candidate});
  pc.onnegotiationneeded = async () => {
    if (polite) return;
    await pc.setLocalDescription();
    tell({description: pc.localDescription});
  };
  mic.getTracks().forEach((track) => pc.addTrack(track.clone(), mic));
}

async function signal({from: to, data, callSid}) {
  const {pc} = peers.get(to);
  if (data.candidate) return pc.addIceCandidate(data.candidate);
  await pc.setRemoteDescription(data.description);
  if (data.description.type === "offer") {
    await pc.setLocalDescription();
    send({type: "signal", to, callSid, data: {description: pc.localDescription}});
  }
}

let turn = Promise.resolve();
socket.onmessage = ({data}) => {
  const message = JSON.parse(data);
  state.kinds.push(message.type);
  if (message.type === "ready") send(first);
  if (message.type === "peer") {
    if (!peers.has(message.peer)) meet(message);
    for (const {track} of peers.get(message.peer).pc.getSenders()) track.enabled = message.speak;
  }
  if (message.type === "unpeer") { peers.get(message.peer).pc.close(); peers.delete(message.peer); }
  if (message.type === "signal") turn = turn.then(() => signal(message));
};
window.heard = async () => {
  for (const {pc} of peers.values())
    for (const report of (await pc.getStats()).values())
      if (report.type === "inbound-rtp" && report.totalAudioEnergy) return report.totalAudioEnergy;
  return 0;
};
</script>"""


async def talk(page: Page, base: str, url: str, first: dict[str, object]) -> None:
    await page.goto(f"{base}/page#{json.dumps([url, first])}")


async def test_a_booth_and_an_agent_hear_each_other_until_one_is_muted(chromium: str) -> None:
    async with playing(booth=True, speed=1.0) as (service, standin), async_playwright() as tool:
        service.replies["/page"] = lambda _: web.Response(text=PAGE, content_type="text/html")
        service.says("/voice", room(label="caller"))
        service.says("/agent", room(label="agent", more="endConferenceOnExit='true'"))
        browser = await tool.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                "--disable-features=WebRtcHideLocalIpsWithMdns",
            ],
        )
        try:
            booth, agent = await browser.new_page(), await browser.new_page()
            ws = standin.base_url.replace("http", "ws")
            dial = {"type": "dial", "from": CALLER, "to": NUMBER}
            await talk(booth, service.base, f"{ws}/booth", dial)
            token = token_of(standin.config)
            connect = {"type": "connect", "params": {}}
            await talk(agent, service.base, f"{ws}/client?token={token}", connect)
            for page in (booth, agent):
                # the page waits for its microphone before it has anything to tell
                await page.wait_for_function("window.heard && heard().then((energy) => energy > 0)")
            await agent.evaluate("send({type: 'mute', muted: true})")
            # a muted track sends silence: no more energy comes
            await booth.wait_for_function(
                """async () => {
                    const before = await heard();
                    await new Promise((done) => setTimeout(done, 1500));
                    return (await heard()) === before;
                }"""
            )
            await agent.evaluate("send({type: 'disconnect'})")
            await booth.wait_for_function("state.kinds.includes('ended')")
            assert await booth.evaluate("state.peers.size") == 0
        finally:
            await browser.close()
