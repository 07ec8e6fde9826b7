#!/usr/bin/env bash
# Check a pull request that adds records: check-submission.sh BASE HEAD
#
# Run it in a checkout of BASE, with xlser installed from there. Of HEAD nothing but leaderboards/
# is taken, as data; nothing of it is executed.
set -euo pipefail

base=$(git merge-base "$1" "$2")
head=$2
faults=0
records=()

fault() {
  echo "rejected: $1"
  faults=$((faults + 1))
}

# Records are only ever added; pages and pictures may change; all else is another pull request.
look_at() {
  local mode=$1 status=$2 path=$3
  case "$path" in
    leaderboards/*/results/*.json)
      case "$status" in
        A) [ "$mode" = 100644 ] || fault "$path is not a plain file."; records+=("$path") ;;
        D) fault "$path is a record and was deleted; records are never deleted." ;;
        *) fault "$path is a record and was changed; records are never changed." ;;
      esac ;;
    leaderboards/*/results/*.parquet)
      fault "$path holds packed records; send new records as they are written, a JSON file a run." ;;
    leaderboards/*/README.md | leaderboards/*/index.html | leaderboards/*/encoders.json | \
    leaderboards/*/conditions/*.md | leaderboards/*/details/*.md | leaderboards/*/languages/*.md | \
    leaderboards/*/figures/*.svg)
      [ "$status" = D ] || [ "$mode" = 100644 ] || fault "$path is not a plain file." ;;
    *)
      fault "$path is neither a record nor a page; send it in a pull request of its own." ;;
  esac
}

while IFS= read -r -d '' entry && IFS= read -r -d '' path; do
  read -r _ mode _ _ status <<< "$entry"
  look_at "$mode" "$status" "$path"
done < <(git diff-tree -r --no-renames -z "$base" "$head")
[ "$faults" = 0 ] || exit 1

git rm -rq --ignore-unmatch leaderboards
git checkout -q "$head" -- leaderboards
xlser validate leaderboards
[ ${#records[@]} = 0 ] || printf '%s\0' "${records[@]}" | xargs -0 xlser validate --submitted
xlser leaderboard

# What `xlser run` leaves beside results is no page; the pull request has been found to bring none.
beside=(':!leaderboards/*/failures/*' ':!leaderboards/*/status/*')
pages=$(git diff --name-only "$head" -- leaderboards &&
  git ls-files --others -- leaderboards "${beside[@]}")
if [ -n "$pages" ]; then
  echo "$pages"
  echo "rejected: the pages above do not follow from the records; run \`xlser leaderboard\`, with" \
    "matplotlib as the tests extra pins it, and commit what it writes."
  exit 1
fi
echo "Every record is sound, none was changed, and the pages follow from them."
