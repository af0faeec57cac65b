# Everything is an npm script or ./ashlar underneath; make adds the installation that comes first.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install run test test-long check format gen migrate-create migrate-up migrate-down migrate-status docs

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Compared by content: a checkout touches files without changing them.
install: ## Install the packages that the lock file names, unless they are there
	@cmp -s package-lock.json node_modules/.installed-lock || { \
	  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && \
	  cp package-lock.json node_modules/.installed-lock; }

run: install ## Start everything in one process
	@exec ./ashlar run-all-in-one

test: install ## Run every test
	@npm run --silent test

test-long: install ## Run what takes minutes: kills, restarts, load, floods of bad input
	@npm run --silent test:long

check: install ## Run the fence: format, lint, types, boundaries, dead code, generated files
	@npm run --silent check

format: install ## Write every file in its format
	@npm run --silent format

gen: install ## Write what follows from the heads of the use cases
	@npm run --silent gen

docs: gen

migrate-create: install ## Write a migration: make migrate-create name=auth_add_locale
	@case '$(name)' in \
	  [a-z]*_?*) name='$(name)'; exec ./ashlar migrate create "$${name%%_*}" "$${name#*_}" ;; \
	  *) echo 'usage: make migrate-create name=<module>_<description>' >&2; exit 2 ;; \
	esac

migrate-up: install ## Apply every pending migration
	@./ashlar migrate up

migrate-down: install ## Revert the last migration
	@./ashlar migrate down

migrate-status: install ## List the migrations and their state
	@./ashlar migrate status
