"""What people read and hand over: report, tables, clips, manifest."""
