#!/bin/sh
# Make each secret of the Compose stack that is not there yet: 256 random bits a file.
#
#   sh scripts/secrets.sh FOLDER
#
# A file is readable by its owner and group alone (0440): the containers share a group, not a user.
set -eu
folder=${1:?usage: secrets.sh FOLDER}
umask 027
mkdir -p "$folder"
for name in postgres_password mlflow_password mlflow_secret_key session_key operator_password; do
    file=$folder/$name
    [ -s "$file" ] && continue
    rm -f "$file.part"
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' >"$file.part"
    chmod 0440 "$file.part"
    mv "$file.part" "$file"
    echo "made $name"
done
