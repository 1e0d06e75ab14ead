"""Local brokers behind one small interface: started, stopped and recognised by their record in the state folder."""
