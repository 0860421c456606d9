"""How people reach the product: Telegram, Discord, the terminal. All of them stand on desk.py and text/."""
