"""A tour of the app: a database in which everything has happened once, and every page that can be looked at in it.

`study` builds the database through the domain, `pages` lists the pages from the routes of the app: who adds a page gets
it looked at in both themes, at every width, by axe-core and in the gallery, without saying so anywhere.
"""
