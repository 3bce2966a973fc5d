<?php

declare(strict_types=1);

return [
    'default' => 'pusher',

    // The stock file's options, and the three that lead to a server of one's own.
    'connections' => [
        'pusher' => [
            'driver' => 'pusher',
            'key' => env('PUSHER_APP_KEY'),
            'secret' => env('PUSHER_APP_SECRET'),
            'app_id' => env('PUSHER_APP_ID'),
            'options' => [
                'cluster' => 'mt1',
                'useTLS' => false,
                'host' => env('PUSHER_HOST'),
                'port' => env('PUSHER_PORT'),
                'scheme' => 'http',
                'encryption_master_key_base64' => env('PUSHER_ENCRYPTION_MASTER_KEY'),
            ],
        ],
    ],

    // What the page hands to Echo: the same server, as the browser reaches it.
    'echo' => [
        'broadcaster' => 'pusher',
        'key' => env('PUSHER_APP_KEY'),
        'cluster' => 'mt1',
        'wsHost' => env('PUSHER_HOST'),
        'wsPort' => env('PUSHER_PORT'),
        'forceTLS' => false,
        'enabledTransports' => ['ws', 'wss'],
    ],
];
