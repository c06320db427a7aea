import { useCategories } from "../api/catalogue";
import styles from "./CategoryFilter.module.css";

interface CategoryFilterProps {
  chosen: string | null;
  onChoose: (category: string | null) => void;
}

/** The catalogue's categories as buttons, one of which is pressed. */
export function CategoryFilter({ chosen, onChoose }: CategoryFilterProps) {
  const { data } = useCategories();
  if (!data || data.categories.length === 0) return null;
  const names = data.categories.map(({ name }) => name).filter((name) => name !== "unknown");
  const chip = (label: string, category: string | null) => (
    <li key={label}>
      <button
        type="button"
        className={styles.chip}
        aria-pressed={chosen === category}
        onClick={() => {
          onChoose(category);
        }}
      >
        {label}
      </button>
    </li>
  );
  return (
    <ul className={styles.chips} aria-label="Categories">
      {chip("All", null)}
      {names.map((name) => chip(name, name))}
    </ul>
  );
}
