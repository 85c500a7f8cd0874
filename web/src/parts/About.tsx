import { about } from "../state/about";

/** Credits of the samples, which some of their licenses require. */
export function About() {
  const it = about.value;
  if (!it) return null;
  return (
    <footer>
      <details>
        <summary>About the examples</summary>
        <ul>
          {it.samples.map((picture) => (
            <li key={picture.name}>
              {picture.title}: {picture.credit}
            </li>
          ))}
        </ul>
      </details>
      <p>Impasto {it.version}. Nothing leaves this machine.</p>
    </footer>
  );
}
