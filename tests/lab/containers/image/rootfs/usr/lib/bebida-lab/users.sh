#!/bin/sh
# Users that are the same on every machine, as a directory service would make them.
set -e
groupadd --gid 2001 physics
groupadd --gid 2002 chemistry
useradd --uid 3001 --gid physics --create-home --shell /bin/bash alice
useradd --uid 3002 --gid chemistry --create-home --shell /bin/bash bob
