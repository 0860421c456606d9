"""The embedded film composer's craft: motif, harmony, form, parts, performance, sound."""
