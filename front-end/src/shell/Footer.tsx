import styles from "./Footer.module.css";

export function Footer({ version }: { version: number | null }) {
  return (
    <footer className={styles.footer}>
      <div className={styles.line}>
        <p data-testid="served-model">
          {version === null ? "Marquee" : <>Picked by model version <strong>{version}</strong></>}
        </p>
        <p>
          <a href="/docs">API</a>
        </p>
      </div>
    </footer>
  );
}
