import { about } from "../state/about";

/** Who made the examples: some of their licenses ask for the name. */
export function About() {
  const it = about.value;
  if (!it) return null;
  return (
    <footer>
      <details>
        <summary>About the examples</summary>
        <ul>
          {it.shelf.map((picture) => (
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
