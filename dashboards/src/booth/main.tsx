import { Container, Title } from "@mantine/core";
import { mount } from "../shared/mount";

mount(
  <Container component="main">
    <Title>Phone booth</Title>
  </Container>,
);
